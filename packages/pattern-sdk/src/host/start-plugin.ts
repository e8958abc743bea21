import { chmod } from "node:fs/promises";
import process from "node:process";
import { GrpcServer } from "@prism-data/transport";
import { findPattern } from "../patterns/pattern-kinds.js";
import type { Logger, PluginDefinition } from "../plugin.js";
import { contractVersion, type Handshake } from "../protocol/handshake.js";
import { patternMethods } from "../protocol/pattern/pattern-methods.js";
import { grpcErrorOf, statusMessageOf } from "../protocol/status.js";
import { bearerCheck } from "./bearer-token.js";
import { faultAsGatewayError } from "./call-faults.js";
import { CallsInFlight, type DrainCounts } from "./calls-in-flight.js";
import { PluginHost } from "./plugin-host.js";
import { pluginMethods } from "./plugin-service.js";
import { translatedError } from "./translated-error.js";

/** The largest message that a plugin takes: 4 MiB, the default of gRPC, which holds every value with its key. */
const messageBytesMax = 4 * 1_048_576;

/** How long a last answer may take to leave the process, once nothing else is in flight. */
const flushGraceMs = 1_000;

/** Where and how a plugin is served. */
export interface StartOptions {
  /** The absolute path of the Unix socket to bind, at most 103 bytes. Must not exist. */
  readonly socketPath: string;
  /** What every call must carry as `authorization: Bearer TOKEN`. Default: calls need nothing. */
  readonly token?: string;
  readonly log: Logger;
}

/** A plugin that is being served. */
export interface RunningPlugin {
  /** What the plugin's process prints on stdout. */
  readonly handshake: Handshake;
  /** Resolves when a Drain call was answered and everything is closed; the process may exit. Rejects when closing failed. */
  readonly finished: Promise<void>;
  /** Does what a Drain call does, then closes everything. */
  drain(graceMs: number): Promise<DrainCounts>;
  /** Ends every call at once and closes everything. Idempotent. */
  close(): Promise<void>;
}

/** Serves a plugin on a Unix socket of mode 0600 in this process. Rejects when the socket cannot be bound. */
export async function startPlugin(plugin: PluginDefinition, options: StartOptions): Promise<RunningPlugin> {
  const { socketPath, token, log } = options;
  const finished = Promise.withResolvers<void>();
  const calls = new CallsInFlight(log);
  const host = new PluginHost(plugin, calls, log);
  const methods = new Map([
    ...pluginMethods({ host, log, onDrained: () => setImmediate(() => void finish(flushGraceMs)) }),
    ...(await methodsOfPatterns(host, calls, log)),
  ]);
  const server = new GrpcServer({
    findMethod: (path) => methods.get(path) ?? host.findOwnMethod(path),
    ...(token === undefined ? {} : { authorize: bearerCheck(token) }),
    maxMessageBytes: messageBytesMax,
    onUncaught: (error) => grpcErrorOf(faultAsGatewayError(error)),
  });
  let closing = false;
  const finish = (graceMs: number) => {
    if (!closing) closeAll(server, host, graceMs).then(finished.resolve, finished.reject);
    closing = true;
    return finished.promise;
  };

  try {
    await server.listen({ path: socketPath });
    await chmod(socketPath, 0o600);
  } catch (error) {
    await closeAll(server, host, 0);
    throw error;
  }
  return {
    handshake: handshakeOf(plugin, options),
    finished: finished.promise,
    drain: async (graceMs) => {
      const counts = await host.drain(graceMs);
      await finish(flushGraceMs);
      return counts;
    },
    close: () => finish(0),
  };
}

/** Those of the patterns that the plugin offers. */
async function methodsOfPatterns(host: PluginHost, calls: CallsInFlight, log: Logger) {
  const kinds = Object.keys(host.plugin.patterns).map((name) => findPattern(name)!);
  const services = kinds.map((kind) =>
    patternMethods(kind, {
      plugin: host.plugin.name,
      findNamespace: (namespace) => host.bindings.find(namespace),
      statusOfEntry: (error) => statusMessageOf(translatedError(error, { path: kind.service }, log)),
    }),
  );
  const methods = (await Promise.all(services)).flatMap((service) => [...service]);
  return methods.map(([path, method]) => [path, calls.counted(method)] as const);
}

async function closeAll(server: GrpcServer, host: PluginHost, graceMs: number): Promise<void> {
  if (graceMs > 0) await server.drain(graceMs);
  await server.close();
  await host.close();
}

function handshakeOf(plugin: PluginDefinition, { socketPath, token }: StartOptions): Handshake {
  return {
    prism_handshake: 1,
    contract: { min: contractVersion, max: contractVersion },
    pid: process.pid,
    socket: socketPath,
    name: plugin.name,
    version: plugin.version,
    takes_cancels: true,
    ...(token === undefined ? {} : { token }),
  };
}
