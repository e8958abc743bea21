// Redis: alone, behind a Node process with ioredis, and behind Prism.
import { benchFile, runProgram, startProgram } from "../programs.mjs";
import { freePort, untilListening } from "../waiting.mjs";
import { startPrism } from "./prism.mjs";

/** A run that takes so much longer than planned has hung. */
const runTimeoutMs = 60_000;

/** Starts a Redis that keeps nothing on disk. */
export async function startRedisServer({ folder }, cpu) {
  const port = await freePort();
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const program = await startProgram(["redis-server", ...settings], { cpu, ready: "at once" });
  await untilListening(port);
  return { port, pid: program.pid, stop: program.stop };
}

/** Redis alone, loaded by its own benchmark, without pipelining. */
export async function startRedis(at) {
  const { port, pid, stop } = await startRedisServer(at, at.cpus.front);
  const run = (test, { calls, callers, valueBytes, cpu }) => {
    const sizes = ["-n", String(calls), "-c", String(callers), "-d", String(valueBytes)];
    const command = ["redis-benchmark", "-p", String(port), "-t", test, ...sizes, "--csv"];
    return runProgram(command, { cpu, timeoutMs: runTimeoutMs });
  };
  return {
    processes: { store: [pid] },
    check: async ({ valueBytes }) => {
      await run("set", { calls: 1, callers: 1, valueBytes, cpu: at.cpus.back });
    },
    load: async ({ valueBytes, connections, streams, calls, cpu }) => {
      return { calls, ...figuresOf(await run("get", { calls, callers: connections * streams, valueBytes, cpu })) };
    },
    stop,
  };
}

function figuresOf(csv) {
  const [names, values] = csv
    .trim()
    .split("\n")
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "")));
  const figure = (name) => Number(values[names.indexOf(name)]);
  return {
    callsPerSecond: figure("rps"),
    p50Us: figure("p50_latency_ms") * 1000,
    p99Us: figure("p99_latency_ms") * 1000,
  };
}

/** What an app with ioredis and no gateway has: one process that calls Redis itself. */
export async function startIoredis(at) {
  const redis = await startRedisServer(at, at.cpus.back);
  const command = [process.execPath, benchFile("programs/ioredis-caller.mjs"), String(redis.port)];
  const program = await startProgram(command, { cpu: at.cpus.front });
  return {
    processes: { store: [program.pid], backend: [redis.pid] },
    check: async ({ valueBytes }) => {
      await program.ask({ valueBytes, callers: 1, calls: 1 });
    },
    load: ({ valueBytes, connections, streams, calls }) =>
      program.ask({ valueBytes, callers: connections * streams, calls }),
    stop: async () => {
      await program.stop();
      await redis.stop();
    },
  };
}

/** Prism with plugin-redis. */
export async function startPrismRedis(at) {
  const redis = await startRedisServer(at, at.cpus.back);
  const settings = { url: `redis://127.0.0.1:${redis.port}` };
  const prism = await startPrism(at, { backend: { plugin: "redis", settings } });
  return {
    ...prism,
    processes: { ...prism.processes, backend: [redis.pid] },
    stop: async () => {
      await prism.stop();
      await redis.stop();
    },
  };
}
