// The long run: faults in many rounds, and random steps beside models. Writes results.json, from which docs/reliability.md is made.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { env } from "node:process";
import { writeResults } from "./results.mjs";

const rounds = Number(env.RELIABILITY_ROUNDS ?? 20);
const steps = Number(env.PRISM_MODEL_STEPS ?? 10_000);
const seed = Number(env.PRISM_MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** A case that makes so many steps, one after the other, takes minutes. */
const modelCaseMs = 3_600_000;

const folder = mkdtempSync(join(tmpdir(), "prism-reliability-"));
const git = (...args) => spawnSync("git", args, { encoding: "utf8" }).stdout.trim();

function vitest(args, more) {
  return spawnSync("vitest", ["run", ...args], { stdio: "inherit", env: { ...env, ...more } }).status;
}

function runFaults() {
  const file = join(folder, "faults.json");
  const status = vitest(["--project", "reliability"], { RELIABILITY_ROUNDS: rounds, RELIABILITY_RESULTS: file });
  return { passed: status === 0, rows: JSON.parse(readFileSync(file, "utf8")) };
}

/** The random cases of each plugin's conformance suite, in this process of the test alone: a child would only be slower. */
function runModels(project) {
  const file = join(folder, `${project}.json`);
  const report = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const only = "in process > (model|random calls):";
  const wanted = ["--project", project, "--testTimeout", String(modelCaseMs), "-t", only];
  vitest([...wanted, ...report], { PRISM_MODEL_STEPS: steps, PRISM_MODEL_SEED: seed });
  return JSON.parse(readFileSync(file, "utf8")).testResults.flatMap(modelsOf);
}

function modelsOf({ name, assertionResults }) {
  const [, plugin] = /packages\/plugin-(\w+)\//.exec(name) ?? [];
  return assertionResults
    .filter(({ status }) => status === "passed" || status === "failed")
    .map(({ fullName, status }) => ({ backend: plugin, case: fullName, passed: status === "passed" }));
}

try {
  process.stdout.write(`faults: ${rounds} rounds; models: ${steps} steps a case, PRISM_MODEL_SEED=${seed}\n`);
  const faults = runFaults();
  const models = ["conformance", "kafka"].flatMap(runModels);
  const machine = `${cpus().length} × ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`;
  const about = { date: new Date().toISOString().slice(0, 10), commit: git("rev-parse", "--short", "HEAD"), machine };
  writeResults({ about: { ...about, rounds, steps, seed }, faults: faults.rows, models });
  process.exitCode = faults.passed && models.length > 0 && models.every(({ passed }) => passed) ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true });
}
