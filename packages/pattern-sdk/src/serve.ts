// The main module of every plugin: the one place of the SDK that reads arguments and environment, hears signals and exits.
import { randomBytes } from "node:crypto";
import { isAbsolute } from "node:path";
import process from "node:process";
import { describePlugin } from "./description.js";
import { jsonLog } from "./host/json-log.js";
import { type RunningPlugin, startPlugin } from "./host/start-plugin.js";
import type { Logger, PluginDefinition } from "./plugin.js";
import { formatHandshake, pluginSocketEnv, socketPathBytesMax } from "./protocol/handshake.js";
import { releaseStartMemory } from "./protocol/release-start-memory.js";

/** How long calls may still take after a signal; the proxy's Drain says its own. */
const signalGraceMs = 5_000;
const tokenBytes = 32;

const exitDone = 0;
const exitFailed = 1;
const exitUsage = 2;

/**
 * Runs a plugin as a process of its own: the whole `main.ts` of a plugin is `await servePlugin(myPlugin)`.
 *
 * With `--describe` it prints the static description as JSON and exits 0. Otherwise the proxy must have started the process:
 * it binds the socket that `PRISM_PLUGIN_SOCKET` names with mode 0600, prints the handshake line on stdout, and serves until
 * stdin ends (exits at once: the proxy is gone), Drain is answered, or SIGTERM or SIGINT arrives (drains, then exits 0).
 * Log lines go to stderr as JSON. Exit codes: 0 done, 1 failed, 2 not started by the proxy.
 *
 * Call it once per process. Resolves when the plugin is being served; nothing needs to wait for its end.
 */
export async function servePlugin(plugin: PluginDefinition): Promise<void> {
  if (process.argv.includes("--describe")) {
    process.stdout.write(`${JSON.stringify(describePlugin(plugin), null, 2)}\n`);
    return;
  }
  const socketPath = process.env[pluginSocketEnv];
  if (!isUsable(socketPath)) return explainUsage(plugin);

  const log = jsonLog((line) => process.stderr.write(line));
  exitOnDefect(log);
  // Nothing can be left to finish without the proxy: whoever called is gone with it.
  process.stdin
    .on("end", () => process.exit(exitDone))
    .on("error", () => process.exit(exitDone))
    .resume();
  const running = await started(plugin, socketPath, log);
  running.finished.then(
    () => process.exit(exitDone),
    (error: unknown) => exitFailing(log, error, "closing failed"),
  );
  drainOnSignal(running, log);
  process.stdout.write(`${formatHandshake(running.handshake)}\n`);
  releaseStartMemory();
}

function isUsable(socketPath: string | undefined): socketPath is string {
  return socketPath !== undefined && isAbsolute(socketPath) && Buffer.byteLength(socketPath) <= socketPathBytesMax;
}

function explainUsage(plugin: PluginDefinition): void {
  process.stderr.write(
    `This program is the Prism plugin "${plugin.name}" ${plugin.version}. It is started by the Prism proxy, which tells it in ${pluginSocketEnv} ` +
      `which Unix socket to bind (an absolute path of at most ${socketPathBytesMax} bytes). ` +
      "Name it as a backend in prism.yaml and run `prism serve`, or run this program with --describe to see what it offers.\n",
  );
  process.exitCode = exitUsage;
}

async function started(plugin: PluginDefinition, socketPath: string, log: Logger): Promise<RunningPlugin> {
  try {
    return await startPlugin(plugin, { socketPath, token: randomBytes(tokenBytes).toString("base64url"), log });
  } catch (error) {
    return exitFailing(log, error, "the plugin's socket could not be bound");
  }
}

function drainOnSignal(running: RunningPlugin, log: Logger): void {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log.info({ signal }, "signal received");
      running.drain(signalGraceMs).catch((error: unknown) => exitFailing(log, error, "draining failed"));
    });
  }
}

function exitOnDefect(log: Logger): void {
  process.on("uncaughtException", (error) => exitFailing(log, error, "uncaught exception"));
  process.on("unhandledRejection", (reason) => exitFailing(log, reason, "unhandled rejection"));
}

function exitFailing(log: Logger, error: unknown, message: string): never {
  log.error({ err: error }, message);
  process.exit(exitFailed);
}
