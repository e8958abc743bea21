// Where and with what a run was made: without it a figure means nothing.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { benchFile } from "./programs.mjs";

/** Read before a run, so that its load is that of others. */
export function environment({ rounds, roundMs, cpus: placed, command }) {
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    command,
    rounds,
    roundMs,
    placement: placed.front === undefined ? "any CPU" : `CPU ${placed.front}, the rest on CPU ${placed.back}`,
    machine: `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    load: loadavg()[0],
    versions: versions(),
  };
}

/** With `+` behind it when what was measured is not what was committed. */
function commit() {
  const git = (...args) => execFileSync("git", args, { encoding: "utf8", cwd: benchFile("..") }).trim();
  const isClean = git("status", "--porcelain", "--", "bench", "packages", "proto") === "";
  return `${git("rev-parse", "--short=12", "HEAD")}${isClean ? "" : "+"}`;
}

function versions() {
  const printed = (file, ...args) => {
    const { stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
    return /\d+\.\d+\.\d+/.exec(`${stdout}${stderr}`)?.[0] ?? "unknown";
  };
  const { devDependencies } = JSON.parse(readFileSync(benchFile("package.json"), "utf8"));
  const packages = ["@grpc/grpc-js", "ioredis", "protobufjs"].map((name) => [name, devDependencies[name]]);
  return {
    "Node.js": process.versions.node,
    nginx: printed("nginx", "-v"),
    Envoy: printed(benchFile("../.toolchain/bench-peers/envoy"), "--version"),
    Redis: printed("redis-server", "--version"),
    h2load: printed("h2load", "--version"),
    ...Object.fromEntries(packages),
  };
}
