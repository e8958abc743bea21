// `make bench`: Get and Set of 1 KiB, 64 calls in flight, in alternating rounds; medians and ratios.
// The first pair is the same subject twice: its ratio is the noise of the machine, and nothing below it means anything.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { childrenOf, processCpuUs, residentBytes } from "./process-cpu.mjs";

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const roundMs = Number(process.env.BENCH_ROUND_MS ?? 2000);
const service = "/prism.keyvalue.v1.KeyValueService";
const here = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "prism-bench-"));

async function firstLine(child) {
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error("a subject ended before it was ready");
}

async function startPrism() {
  const config = join(folder, "prism.yaml");
  const lines = [
    "listen: 127.0.0.1:0",
    "admin: { listen: 127.0.0.1:0 }",
    `data_dir: ${folder}`,
    "backends: { memory: { plugin: memstore } }",
    "namespaces: { bench: { pattern: key-value, backend: memory } }",
  ];
  writeFileSync(config, lines.join("\n"));
  const child = spawn(here("../bin/prism"), ["serve", "-c", config], { stdio: ["ignore", "pipe", "ignore"] });
  const { listen, pid } = JSON.parse(await firstLine(child));
  return { name: "Prism → memstore", target: listen, child, proxy: pid, plugin: childrenOf(pid)[0] };
}

async function startGrpcJs() {
  const child = spawn(process.execPath, [here("grpc-js-store.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  return { name: "grpc-js, no proxy", target: `127.0.0.1:${await firstLine(child)}`, child, plugin: child.pid };
}

function load(subject, method, request, durationMs = roundMs) {
  const args = [here("load.mjs"), subject.target, `${service}/${method}`, "64", "8", String(durationMs)];
  const cpuBefore = [subject.proxy, subject.plugin].map((pid) => (pid ? processCpuUs(pid) : 0));
  const run = spawnSync(process.execPath, [...args, Buffer.from(request).toString("hex")], { encoding: "utf8" });
  if (run.status !== 0) throw new Error(`load on ${subject.name} failed: ${run.stderr}`);
  const result = JSON.parse(run.stdout);
  const [proxyCpuUs, pluginCpuUs] = [subject.proxy, subject.plugin].map((pid, index) =>
    pid ? (processCpuUs(pid) - cpuBefore[index]) / result.calls : 0,
  );
  return { ...result, proxyCpuUs, pluginCpuUs };
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = (runs) =>
  Object.fromEntries(Object.keys(runs[0]).map((figure) => [figure, median(runs.map((run) => run[figure]))]));

function compare(title, pair, method, request) {
  const runs = pair.map(() => []);
  for (let round = 0; round < rounds; round += 1)
    pair.forEach((subject, index) => {
      runs[index].push(load(subject, method, request));
    });
  const [left, right] = runs.map(medians);
  const row = (name, figures) =>
    `  ${name.padEnd(20)} ${figures.callsPerSecond.toFixed(0).padStart(8)} calls/s  p50 ${(figures.p50Us / 1000).toFixed(2)} ms  p99 ${(figures.p99Us / 1000).toFixed(2)} ms  CPU per call: proxy ${figures.proxyCpuUs.toFixed(1)} µs, store ${figures.pluginCpuUs.toFixed(1)} µs`;
  const cpu = (figures) => figures.proxyCpuUs + figures.pluginCpuUs;
  const ratio = `calls/s ${(left.callsPerSecond / right.callsPerSecond).toFixed(2)}, CPU ${(cpu(left) / cpu(right)).toFixed(2)}`;
  process.stdout.write(`${title}\n${row(pair[0].name, left)}\n${row(pair[1].name, right)}\n  ratio: ${ratio}\n`);
}

const set = keyvalue.SetRequest.encode({
  namespace: "bench",
  key: "key",
  value: Buffer.alloc(1024, 7),
  ttl: undefined,
  condition: undefined,
  idempotencyToken: undefined,
}).finish();
const get = keyvalue.GetRequest.encode({ namespace: "bench", key: "key" }).finish();

const subjects = [];
try {
  const prism = await startPrism();
  subjects.push(prism);
  const grpcJs = await startGrpcJs();
  subjects.push(grpcJs);
  for (const subject of subjects) load(subject, "Set", set, 1000);
  process.stdout.write(
    `${cpus().length} × ${cpus()[0].model}, Node ${process.version}; 64 calls in flight on 8 connections, medians of ${rounds} alternating rounds of ${roundMs} ms\n`,
  );
  compare("Get 1 KiB, the same twice (noise)", [prism, prism], "Get", get);
  compare("Get 1 KiB", [prism, grpcJs], "Get", get);
  compare("Set 1 KiB", [prism, grpcJs], "Set", set);
  const mib = (pid) => `${(residentBytes(pid) / 1048576).toFixed(0)} MiB`;
  process.stdout.write(`resident after the runs: proxy ${mib(prism.proxy)}, memstore ${mib(prism.plugin)}\n`);
} finally {
  for (const { child } of subjects) {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
}
