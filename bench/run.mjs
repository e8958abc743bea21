// `make bench`: measures Prism and its peers side by side and prints what was seen.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, cpus as machineCpus, tmpdir } from "node:os";
import { join } from "node:path";
import { comparisons } from "./comparisons.mjs";
import { options } from "./options.mjs";
import { comparisonTable, targetTable } from "./report/table.mjs";
import { runComparison } from "./rounds.mjs";
import { RunningSubjects } from "./running-subjects.mjs";
import { measureStarts } from "./start.mjs";
import { judged } from "./targets.mjs";

const print = (text) => process.stdout.write(`${text}\n`);
const chosen = options(process.env, process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(1));
const results = [];

print(`${machineCpus().length} × ${machineCpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`);
if (chosen.daprd === undefined) print("daprd is not measured: give its path with DAPRD=PATH or --daprd PATH");
{
  await using running = new RunningSubjects({ ...chosen, folder });
  for (const comparison of comparisons((id) => id !== "daprd" || chosen.daprd !== undefined)) {
    const { id, title } = comparison;
    if (!chosen.only.test(id)) continue;
    results.push({ id, title, subjects: await runComparison(comparison, running, chosen) });
    print(`\n${comparisonTable(results.at(-1))}`);
  }
}
if (chosen.only.test("start")) results.push(await measureStarts({ folder, rounds: chosen.rounds }));
print(`\n${targetTable(judged(results))}`);
