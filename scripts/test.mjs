// `make test`: every check and every test, one closing line. `make check` stops after the checks.
// A check counts as one passed or failed; so does each test. A test that does not run counts as failed.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const checks = [
  ["format, lint, import directions", "biome", ["check", "--error-on-warnings", "."]],
  ["types", "tsc", ["-p", "tsconfig.test.json"]],
  ["proto lint", "buf", ["lint"]],
  ["proto breaking changes", "buf", ["breaking", "--against", "proto/baseline.json"]],
  ["pages that come from the code", "node", ["scripts/generate-docs.mjs", "--check"]],
];
const projects = ["unit", "fuzz", "conformance", "acceptance"];

let passed = 0;
let failed = 0;

function runCheck([name, command, args]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status === 0) passed += 1;
  else {
    failed += 1;
    process.stdout.write(`${stdout}${stderr}`);
  }
  process.stdout.write(`${status === 0 ? "ok    " : "FAILED"} ${name}\n`);
}

function runTests(project) {
  const folder = mkdtempSync(join(tmpdir(), "prism-report-"));
  const report = join(folder, "report.json");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync("vitest", ["run", "--project", project, ...reporters], { stdio: "inherit" });
  count(project, status, report);
  rmSync(folder, { recursive: true });
}

function count(project, status, report) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    failed += 1;
    process.stdout.write(`FAILED ${project}: the run ended (${status}) without a report\n`);
    return;
  }
  const notRun = result.numPendingTests + result.numTodoTests;
  if (notRun > 0) process.stdout.write(`FAILED ${project}: ${notRun} tests did not run\n`);
  passed += result.numPassedTests;
  failed += result.numFailedTests + notRun;
  // A run can fail without a failed test: a file that does not load, a server that is missing, an unhandled error.
  if (status !== 0 && result.numFailedTests + notRun === 0) failed += 1;
}

checks.forEach(runCheck);
if (process.argv[2] !== "check") projects.forEach(runTests);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
