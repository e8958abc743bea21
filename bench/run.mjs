// `make bench`: measures Prism and its peers side by side and prints what was seen.
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, cpus as machineCpus, tmpdir } from "node:os";
import { join } from "node:path";
import { comparisons } from "./comparisons.mjs";
import { options } from "./options.mjs";
import { comparisonTable, targetTable } from "./report/table.mjs";
import { runComparison } from "./rounds.mjs";
import { RunningSubjects } from "./subjects.mjs";
import { judged } from "./targets.mjs";

const print = (text) => process.stdout.write(`${text}\n`);
const { only, rounds, roundMs, cpus } = options(process.env);
const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));
const running = new RunningSubjects({ folder, cpus });
const results = [];
try {
  print(
    `${machineCpus().length} × ${machineCpus()[0].model}, Node ${process.version}, load ${loadavg()[0].toFixed(1)}`,
  );
  for (const comparison of comparisons.filter(({ id }) => only === undefined || only.test(id))) {
    const { id, title } = comparison;
    results.push({ id, title, subjects: await runComparison(comparison, running, { rounds, roundMs, cpus }) });
    print(`\n${comparisonTable(results.at(-1))}`);
  }
  print(`\n${targetTable(judged(results))}`);
} finally {
  await running.stopAll();
  rmSync(folder, { recursive: true, force: true });
}
