// How long the built proxy takes to be ready with two plugins, and what it then holds in memory when nobody calls.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { backendSubjects } from "./backends/drivers.mjs";
import { childrenOf, residentBytes } from "./processes.mjs";
import { benchFile, startProgram } from "./programs.mjs";
import { columnsOf } from "./statistics.mjs";

/** After this the work of starting is over, and the heap has settled. */
const settleMs = 2_000;

/** Starts and stops it some times; answers like a comparison. */
export async function measureStarts({ folder, rounds }) {
  const seen = [];
  for (let round = 0; round < rounds; round += 1) seen.push(await start(join(folder, `start-${round}`)));
  return { id: "start", title: "start", subjects: [{ id: "prism", name: "Prism", figures: columnsOf(seen) }] };
}

/** What the plugins hold in memory, each bound to namespaces of all of its patterns, when nobody calls. */
export async function measureRest(running) {
  const subjects = [];
  for (const id of Object.keys(backendSubjects).filter((name) => name.startsWith("prism-on-"))) {
    const [{ name, processes }] = await running.only([id]);
    await pause(settleMs);
    subjects.push({ id, name, figures: { pluginBytes: [residentBytes(processes.store)] } });
  }
  return { id: "rest", title: "rest", subjects };
}

async function start(folder) {
  mkdirSync(folder);
  const config = join(folder, "prism.yaml");
  writeFileSync(config, JSON.stringify(configuration(folder)));
  const startedAt = performance.now();
  const program = await startProgram([benchFile("../bin/prism"), "serve", "-c", config], {});
  const readyMs = performance.now() - startedAt;
  const { pid } = JSON.parse(program.firstLine);
  await pause(settleMs);
  const memstore = childrenOf(pid).find((child) => readFileSync(`/proc/${child}/cmdline`, "utf8").includes("memstore"));
  const figures = { readyMs, proxyBytes: residentBytes([pid]), pluginBytes: residentBytes([memstore]) };
  await program.stop();
  return figures;
}

/** JSON is YAML. */
function configuration(folder) {
  return {
    listen: "127.0.0.1:0",
    admin: { listen: "127.0.0.1:0" },
    data_dir: folder,
    strict_start: true,
    backends: {
      memory: { plugin: "memstore" },
      files: { plugin: "sqlite", settings: { path: join(folder, "data.db") } },
    },
    namespaces: {
      demo: { pattern: "key-value", backend: "memory" },
      profile: { pattern: "key-value", backend: "files" },
    },
  };
}
