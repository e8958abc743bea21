// `make bench`: measures Prism and its peers side by side, prints what was seen, and after a whole run keeps it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendComparisons } from "./backends/comparisons.mjs";
import { followLoad } from "./capacity/follow.mjs";
import { comparisons } from "./comparisons.mjs";
import { environment } from "./environment.mjs";
import { options } from "./options.mjs";
import { benchFile, runProgram } from "./programs.mjs";
import { plainTable } from "./report/layout.mjs";
import { codecRows, comparisonRows, restRows, targetRows } from "./report/rows.mjs";
import { writeResults } from "./results.mjs";
import { runComparison } from "./rounds.mjs";
import { RunningSubjects } from "./running-subjects.mjs";
import { measureRest, measureStarts } from "./start.mjs";
import { isAvailable } from "./subjects.mjs";
import { judged } from "./targets.mjs";

/** The codec takes half a minute on a quiet machine. */
const codecTimeoutMs = 600_000;

const print = (text) => process.stdout.write(`${text}\n`);

async function measure(comparisons, running, chosen) {
  const seen = [];
  for (const comparison of comparisons) {
    const { id, title } = comparison;
    if (!chosen.only.test(id)) continue;
    seen.push({ id, title, subjects: await runComparison(comparison, running, chosen) });
    print(`\n${id}: ${title}\n${plainTable(comparisonRows(seen.at(-1)))}`);
  }
  return seen;
}

/** Prism beside what else could stand in its place. */
async function measureDataPath(chosen, folder) {
  if (chosen.daprd === undefined) print("daprd is not measured: give its path with DAPRD=PATH or --daprd PATH");
  const codec = await measureCodec(chosen);
  await using running = new RunningSubjects({ ...chosen, folder });
  const available = comparisons((id) => isAvailable(id, chosen));
  const seen = await measure(available, running, chosen);
  if (chosen.only.test("start")) seen.push(await measureStarts({ folder, rounds: chosen.rounds }));
  print(`\nWhat Prism is held to\n${plainTable(targetRows(judged(seen)))}`);
  return { comparisons: seen, codec };
}

/** Each backend through Prism, beside its driver alone. */
async function measureBackends(chosen, folder) {
  await using running = new RunningSubjects({ ...chosen, folder });
  const seen = await measure(backendComparisons, running, chosen);
  const rest = chosen.only.test("rest") ? await measureRest(running) : undefined;
  if (rest !== undefined) print(`\nrest\n${plainTable(restRows(rest))}`);
  return { comparisons: seen, rest };
}

/** What the proxy makes of a load that rises and falls. */
async function measureCapacity(_, folder) {
  const seen = await followLoad({ folder });
  const { samples, steps } = seen;
  for (const { second, setting, from, to, why } of steps) print(`${second} s: ${setting} ${from} -> ${to}: ${why}`);
  const total = (key) => samples.reduce((sum, sample) => sum + sample[key], 0);
  print(`${total("accepted")} records accepted, ${total("failed")} failed`);
  return { ...seen, samples: samples.map(({ atMs, ...sample }) => sample) };
}

const measuring = { "data-path": measureDataPath, backends: measureBackends, capacity: measureCapacity };

async function measureCodec({ only, cpus }) {
  if (!only.test("codec")) return [];
  const command = [process.execPath, "--expose-gc", benchFile("codec.mjs")];
  const codec = JSON.parse(await runProgram(command, { cpu: cpus.front, timeoutMs: codecTimeoutMs }));
  print(`\ncodec\n${plainTable(codecRows(codec))}`);
  return codec;
}

const chosen = options(process.env, process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(1));

const about = environment(chosen);
print(`${about.machine}; load of others ${about.load.toFixed(1)}; ${chosen.rounds} rounds of ${chosen.roundMs} ms`);
for (const part of chosen.parts) {
  const seen = await measuring[part](chosen, folder);
  if (!chosen.isWhole) continue;
  writeResults(part, { environment: about, ...seen });
  print(`\nkept: the results of ${part}, from which docs/performance.md is made`);
}
