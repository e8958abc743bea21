import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import { GrpcClient } from "@prism-data/transport";
import { startPlugin } from "../host/start-plugin.js";
import type { Logger, PluginDefinition } from "../plugin.js";
import { type Handshake, parseHandshake, pluginSocketEnv } from "../protocol/handshake.js";

/** How long a plugin may take from its start to its handshake line, and to take a connection. Source: the proxy's default. */
const startTimeoutMs = 10_000;

/** How long a process may take to end once its stdin is closed. */
const exitTimeoutMs = 5_000;

/** The last lines of stderr that are shown when a plugin does not start. */
const logLinesMax = 20;

/** A plugin that runs, and a connection to it. */
export interface PluginInstance {
  readonly client: GrpcClient;
  /** What every call must carry; `undefined`: nothing. */
  readonly token: string | undefined;
  /** Ends it as the proxy would: nothing may be left running. */
  stop(): Promise<void>;
  /** Ends it without notice: SIGKILL, where it is a process of its own. */
  kill(): Promise<void>;
}

/** Serves the plugin in this process, over a socket like any other. */
export async function startInProcess(plugin: PluginDefinition, socketPath: string): Promise<PluginInstance> {
  const running = await startPlugin(plugin, { socketPath, log: silentLog });
  const client = await connect(running.handshake);
  // The plugin first: a client that closes waits for its streams, and a case that failed may have left one.
  const stop = async () => {
    await running.close();
    await client.close();
  };
  return { client, token: undefined, stop, kill: stop };
}

/** Runs the plugin's main module as the proxy does: its own process, the socket's path in the environment, stdin held open. */
export async function spawnPlugin(entry: string, socketPath: string): Promise<PluginInstance> {
  const child = spawn(process.execPath, [entry], { env: { [pluginSocketEnv]: socketPath }, stdio: "pipe" });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    const handshake = await handshakeOf(child);
    const client = await connect(handshake);
    return {
      client,
      token: handshake.token,
      async stop() {
        child.stdin.end();
        const timer = setTimeout(() => child.kill("SIGKILL"), exitTimeoutMs);
        const code = await exited;
        clearTimeout(timer);
        await client.close();
        if (code !== 0)
          throw new Error(
            `The plugin did not exit with 0 within ${exitTimeoutMs} ms of the end of its stdin: ${code}.`,
          );
      },
      async kill() {
        child.kill("SIGKILL");
        await exited;
        await client.close();
      },
    };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function connect({ socket, token }: Handshake): Promise<GrpcClient> {
  const metadata = token === undefined ? [] : ([["authorization", `Bearer ${token}`]] as const);
  return GrpcClient.connect({ path: socket }, { connectTimeoutMs: startTimeoutMs, metadata });
}

/** Reads stdout up to the handshake line. */
function handshakeOf(child: ChildProcess): Promise<Handshake> {
  const found = Promise.withResolvers<Handshake>();
  const logLines: string[] = [];
  const fail = (what: string) =>
    found.reject(new Error(`The plugin ${what}. Its log ends with:\n${logLines.join("\n")}`));
  const timer = setTimeout(() => fail(`printed no handshake within ${startTimeoutMs} ms`), startTimeoutMs);
  child.once("error", found.reject);
  child.once("exit", (code, signal) => fail(`exited with ${code ?? signal} before its handshake`));
  createInterface({ input: child.stderr! }).on("line", (line) => {
    logLines.push(line);
    if (logLines.length > logLinesMax) logLines.shift();
  });
  createInterface({ input: child.stdout! }).on("line", (line) => {
    try {
      const handshake = parseHandshake(line);
      if (handshake !== undefined) found.resolve(handshake);
    } catch (error) {
      found.reject(error);
    }
  });
  return found.promise.finally(() => clearTimeout(timer));
}

/** A plugin under test has nothing to say that an assertion does not. */
const silentLog: Logger = { debug() {}, info() {}, warn() {}, error() {} };
