// `make test`: every check and every test, one closing line. With arguments, a part: `check`, or projects by their names.
// A check counts as one passed or failed; so does each test. A test that does not run counts as failed.
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { reportOf } from "./reports.mjs";

const checks = [
  ["format, lint, import directions", "biome", ["check", "--error-on-warnings", "."]],
  ["types", "tsc", ["-p", "tsconfig.test.json"]],
  ["proto lint", "buf", ["lint"]],
  ["proto breaking changes", "buf", ["breaking", "--against", "proto/baseline.json"]],
  ["pages that come from the code", "node", ["scripts/generate-docs.mjs", "--check"]],
];
const projects = ["unit", "fuzz", "conformance", "kafka", "acceptance", "reliability"];

const failures = [];
let passed = 0;

function fail(what, why = "") {
  failures.push(`FAILED ${what}\n${why}`);
  process.stdout.write(`FAILED ${what}\n`);
}

function runCheck([name, command, args]) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) {
    fail(name, `${stdout}${stderr}`);
    return;
  }
  passed += 1;
  process.stdout.write(`ok     ${name}\n`);
}

function runTests(project) {
  const report = reportOf(project);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${fileURLToPath(report)}`];
  const { status } = spawnSync("vitest", ["run", "--project", project, ...reporters], { stdio: "inherit" });
  count(project, status, report);
}

function count(project, status, report) {
  let result;
  try {
    result = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    fail(project, `the run ended (${status}) without a report`);
    return;
  }
  const before = failures.length;
  for (const file of result.testResults) for (const test of file.assertionResults) judge(file.name, test);
  // A run can fail without a failed test: a file that does not load, a server that is missing, an unhandled error.
  if (status !== 0 && failures.length === before) {
    const messages = result.testResults.map((file) => file.message).filter(Boolean);
    fail(project, `the run ended with ${status}, see its output above\n${messages.join("\n")}`);
  }
}

function judge(file, { status, fullName, failureMessages }) {
  if (status === "passed") passed += 1;
  else fail(`${relative(".", file)}: ${fullName}`, status === "failed" ? failureMessages.join("\n") : "it did not run");
}

const chosen = process.argv.length > 2 ? process.argv.slice(2) : ["check", ...projects];
if (chosen.includes("check")) checks.forEach(runCheck);
projects.filter((project) => chosen.includes(project)).forEach(runTests);
// Once more at the end, where a reader of a long run looks first.
if (failures.length > 0) process.stdout.write(`\n${failures.join("\n")}\n`);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
process.exit(failures.length === 0 && passed > 0 ? 0 : 1);
