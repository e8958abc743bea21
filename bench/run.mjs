// `make bench`: measures Prism and its peers side by side, prints what was seen, and after a whole run keeps it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

async function measureAll(chosen, folder) {
  const seen = [];
  await using running = new RunningSubjects({ ...chosen, folder });
  for (const comparison of comparisons((id) => isAvailable(id, chosen))) {
    const { id, title } = comparison;
    if (!chosen.only.test(id)) continue;
    seen.push({ id, title, subjects: await runComparison(comparison, running, chosen) });
    print(`\n${id}: ${title}\n${plainTable(comparisonRows(seen.at(-1)))}`);
  }
  if (chosen.only.test("start")) seen.push(await measureStarts({ folder, rounds: chosen.rounds }));
  if (chosen.only.test("rest")) {
    seen.push(await measureRest(running));
    print(`\nrest\n${plainTable(restRows(seen.at(-1)))}`);
  }
  return seen;
}

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
if (chosen.daprd === undefined) print("daprd is not measured: give its path with DAPRD=PATH or --daprd PATH");
const codec = await measureCodec(chosen);
const seen = await measureAll(chosen, folder);
print(`\nWhat Prism is held to\n${plainTable(targetRows(judged(seen)))}`);
if (chosen.isWhole) {
  writeResults({ environment: about, comparisons: seen, codec });
  print("\nwritten: bench/results.json, from which docs/performance.md is made");
}
