import { releaseStartMemory } from "@prism-data/pattern-sdk/protocol";
import {
  type Config,
  ConfigError,
  type ConfigFlags,
  type Gateway,
  type GatewayOptions,
  loadConfig,
  StartError,
  startGateway,
} from "@prism-data/proxy";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";
import type { Invocation } from "./invocation.js";
import { readyBanner, readyLine } from "./ready-banner.js";
import { openServeLog } from "./serve-log.js";
import { shippedPluginBases } from "./shipped-plugins.js";

/** What the operator said on the command line. */
export interface ServeOptions {
  readonly file: string | undefined;
  readonly flags: ConfigFlags;
}

/** Runs a gateway from its start until the invocation is interrupted and all calls have ended, or the grace has. */
export async function serve({ file, flags }: ServeOptions, invocation: Invocation): Promise<void> {
  const { environment, workingDir, execPath, stderr } = invocation;
  const origin = { environment, flags, shippedPluginBases };
  const config = await explained(loadConfig({ file, workingDir, ...origin }));
  const { log, flush } = await openServeLog(config.log.level, stderr.isTerminal);
  try {
    await explained(runGateway({ config, ...origin, log, execPath }, invocation));
  } finally {
    flush();
  }
}

async function runGateway(options: GatewayOptions, invocation: Invocation): Promise<void> {
  const { config } = options;
  const { interrupted } = invocation;
  const gateway = await startGateway(options);
  invocation.onHangup(() => void gateway.reload());
  try {
    await Promise.race([gateway.ready, aborted(interrupted)]);
    if (!interrupted.aborted) await announce(gateway, config, invocation);
    releaseStartMemory();
    await aborted(interrupted);
  } finally {
    await gateway.drain(config.shutdownGraceMs);
  }
}

/** Tells whoever started the proxy that it serves, and where. */
async function announce(gateway: Gateway, { file, tls }: Config, invocation: Invocation): Promise<void> {
  const { listen, admin, namespaces } = gateway;
  const { stdout, pid, environment } = invocation;
  const command = environment.PRISM_COMMAND || "prism";
  const ready = { listen, admin, pid, tls: tls !== undefined, file, command, namespaces };
  try {
    await stdout.write(stdout.isTerminal ? readyBanner(ready) : readyLine(ready));
  } catch {
    // Nobody reads stdout any more; the proxy serves all the same.
  }
}

/** Turns the two ways in which a gateway refuses to run into the exit codes that tell them apart. */
async function explained<T>(run: Promise<T>): Promise<T> {
  try {
    return await run;
  } catch (cause) {
    if (cause instanceof ConfigError) throw new CommandFailure(ExitCode.usage, cause.message, { cause });
    if (cause instanceof StartError) throw new CommandFailure(ExitCode.notStarted, cause.message, { cause });
    throw cause;
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
