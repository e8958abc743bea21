// The backends that are measured: how each server is set up, for Prism and for its driver alone.
import { join } from "node:path";
import { kafka, LocalServer, nats, postgres, redis } from "@prism-data/local-servers";
import { GrpcClient } from "@prism-data/transport";
import { declaredCells } from "../../scripts/backends/results.mjs";
import { benchFile, moveToCpu, startProgram } from "../programs.mjs";
import { startPrism } from "../subjects/prism.mjs";

const checkTimeoutMs = 30_000;

/** By plugin: what people call the backend, its server, and the settings of the plugin. */
export const drivers = {
  sqlite: { backend: "SQLite", settings: (folder) => ({ path: join(folder, "bench.db") }) },
  redis: { backend: "Redis", kind: redis, settings: (url) => ({ url }) },
  postgres: { backend: "PostgreSQL", kind: postgres, settings: (url) => ({ url }) },
  // Pub-sub on core NATS, as the driver alone has it.
  nats: { backend: "NATS", kind: nats, settings: (url) => ({ url }), needs: { "pub-sub": ["wildcards", "groups"] } },
  kafka: { backend: "Kafka", kind: kafka, settings: (brokers) => ({ brokers: [brokers] }) },
};

/** The subjects, two for each backend. */
export const backendSubjects = Object.fromEntries(
  Object.entries(drivers).flatMap(([plugin, driver]) => [
    [`prism-on-${plugin}`, [`Prism → ${driver.backend}`, (at) => startPrismOn(plugin, driver, at)]],
    [`${plugin}-driver`, ["the driver alone", (at) => startDriver(plugin, driver, at)]],
  ]),
);

async function startPrismOn(plugin, driver, at) {
  const server = await startServer(driver, at);
  const settings = driver.settings(server.address);
  const prism = await startPrism(at, { backend: { plugin, settings }, namespaces: namespacesOf(plugin, driver) });
  return {
    ...prism,
    processes: { ...prism.processes, backend: server.pids },
    check: ({ call, prepare }) => checkCall(prism.endpoint, call, prepare),
    stop: async () => {
      await prism.stop();
      await server.stop();
    },
  };
}

/** One process that calls the backend by its driver and does nothing else. */
async function startDriver(plugin, driver, at) {
  const server = await startServer(driver, at);
  const command = [process.execPath, benchFile("programs/backend-driver.mjs"), plugin, server.address];
  const program = await startProgram(command, { cpu: at.cpus.front });
  const ask = ({ operation, messagesPerCall = 1, connections, streams, calls }) =>
    program.ask({ operation, messagesPerCall, callers: connections * streams, calls });
  return {
    processes: { store: [program.pid], backend: server.pids },
    check: (comparison) => ask({ ...comparison, calls: 1 }),
    load: ask,
    stop: async () => {
      await program.stop();
      await server.stop();
    },
  };
}

/** The server, or the folder of a backend that is a library. */
async function startServer({ kind }, { folder, cpus }) {
  if (kind === undefined) return { address: folder, pids: [], stop: async () => {} };
  const environment = { PRISM_PROGRAMS_DIR: benchFile("../.toolchain"), ...process.env };
  const server = await LocalServer.start(kind, { environment });
  moveToCpu(server.pid, cpus.back);
  return { address: server.url, pids: [server.pid], stop: () => server[Symbol.asyncDispose]() };
}

/** One for each pattern, by its name, and for streams one for each size of what is read. */
function namespacesOf(plugin, { needs = {} }) {
  const patterns = declaredCells()
    .filter((cell) => cell.plugin === plugin)
    .map(({ pattern }) => pattern);
  const names = patterns.flatMap((pattern) => {
    if (pattern === "key-value") return [["bench", pattern]];
    return pattern === "stream"
      ? ["stream", "stream-100b", "stream-1024b"].map((name) => [name, pattern])
      : [[pattern, pattern]];
  });
  return Object.fromEntries(
    names.map(([name, pattern]) => [name, { pattern, backend: "bench", needs: needs[pattern] }]),
  );
}

/** Prepares the call, and makes it once with a client that sees its status. */
async function checkCall(endpoint, { path, message, messages = [message], answerBytesMin }, prepare) {
  const client = await GrpcClient.connect({ host: endpoint.host, port: endpoint.port });
  try {
    await prepare?.(client);
    const call = client.stream(path, { timeoutMs: checkTimeoutMs });
    for (const one of messages) call.write(one);
    call.end();
    let answerBytes = 0;
    for await (const answer of call.messages()) answerBytes += answer.length;
    if (answerBytes < answerBytesMin) throw new Error(`${path} answers ${answerBytes} bytes`);
  } finally {
    await client.close();
  }
}
