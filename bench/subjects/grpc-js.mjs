// What one would write with @grpc/grpc-js: a store, and a proxy before it.
import { join } from "node:path";
import { benchFile, startProgram } from "../programs.mjs";

/** Starts the store on TCP. */
export async function startGrpcJsStore({ cpus }) {
  const program = await startNode("programs/grpc-js-store.mjs", ["127.0.0.1:0"], cpus.front);
  return {
    endpoint: { host: "127.0.0.1", port: Number(program.firstLine) },
    processes: { store: [program.pid] },
    stop: program.stop,
  };
}

/** Starts the store on a Unix socket, for a proxy to call. */
export async function startGrpcJsStoreOnSocket({ folder, cpus }) {
  const path = join(folder, "store.sock");
  const program = await startNode("programs/grpc-js-store.mjs", [`unix:${path}`], cpus.back);
  return { endpoint: { path, headers: {} }, processes: { store: [program.pid] }, stop: program.stop };
}

/** Starts the proxy, on TCP, before the store. */
export async function startGrpcJsProxy({ folder, cpus }) {
  const store = await startGrpcJsStoreOnSocket({ folder, cpus });
  const program = await startNode("programs/grpc-js-proxy.mjs", [`unix:${store.endpoint.path}`], cpus.front);
  return {
    endpoint: { host: "127.0.0.1", port: Number(program.firstLine) },
    processes: { proxy: [program.pid], ...store.processes },
    stop: async () => {
      await program.stop();
      await store.stop();
    },
  };
}

const startNode = (file, args, cpu) => startProgram([process.execPath, benchFile(file), ...args], { cpu });
