// Keeps in docs/backends.json what the last runs of the conformance suites proved, of all plugins and on real servers. When a case failed,
// or none ran of a declared cell, the file stays as it is.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { serverKinds } from "../../packages/local-servers/dist/index.js";
import { reportOf } from "../reports.mjs";
import { declaredCells, placements, pluginPackages, writeResults } from "./results.mjs";

const programs = { ...process.env, PRISM_PROGRAMS_DIR: process.env.PRISM_PROGRAMS_DIR ?? ".toolchain" };

const reports = ["conformance", "kafka"].map((project) => JSON.parse(readFileSync(reportOf(project), "utf8")));
if (reports.some(({ success }) => !success)) fail("not all cases passed, so that docs/backends.json stays as it was");
const tests = reports.flatMap(({ testResults }) => testResults.flatMap((file) => file.assertionResults));

const passed = countBySuite(tests);
const cells = declaredCells().map((cell) => {
  const counts = placements.map((placement) => [
    placement,
    passed.get(`${cell.plugin} ${cell.pattern} ${placement}`) ?? 0,
  ]);
  const cases = Object.fromEntries(counts.filter(([, count]) => count > 0));
  if (cases.spawned === undefined) fail(`no case ran for ${cell.pattern} on ${cell.plugin}, which declares it`);
  return { ...cell, cases };
});
writeResults({
  date: new Date().toISOString().slice(0, 10),
  commit: commit(),
  servers: await servers(),
  drivers: drivers(),
  cells,
});

function countBySuite(tests) {
  const counts = new Map();
  for (const { status, ancestorTitles } of tests) {
    const suite = ancestorTitles[0];
    if (status === "passed") counts.set(suite, (counts.get(suite) ?? 0) + 1);
  }
  return counts;
}

async function servers() {
  const versions = serverKinds.map(async (kind) => [kind.name, await kind.version(await kind.find(programs))]);
  return Object.fromEntries(await Promise.all(versions));
}

/** The dependencies of each plugin that are not Prism's own. */
function drivers() {
  const shared = ["zod"];
  const named = pluginPackages().map(({ prism, dependencies }) => {
    const own = Object.entries(dependencies).filter(
      ([name]) => !name.startsWith("@prism-data/") && !shared.includes(name),
    );
    return [prism.name, own.map(([name, version]) => `${name} ${version}`).join(", ")];
  });
  return Object.fromEntries(named.filter(([, own]) => own !== ""));
}

function commit() {
  const git = (...args) => execFileSync("git", args, { encoding: "utf8" }).trim();
  return `${git("rev-parse", "--short=12", "HEAD")}${git("status", "--porcelain", "--", "packages", "proto") === "" ? "" : "+"}`;
}

function fail(why) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}
