import type { ControlState } from "@prism-data/proxy";
import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { Invocation } from "../../invocation.js";
import { shippedPluginBases } from "../../shipped-plugins.js";

export interface StateOptions {
  readonly config?: string;
  readonly dataDir?: string;
}

/** What says where the control state is. */
export function addStateOptions(command: Command): Command {
  return command
    .option("-c, --config <file>", "the proxy's configuration (default: prism.yaml in the working folder)")
    .option("--data-dir <folder>", "the proxy's data folder (also: PRISM_DATA_DIR)");
}

/** Opens the control state that a proxy with this configuration uses, does something with it and closes it. */
export async function withStoredState<T>(
  { config: file, dataDir }: StateOptions,
  { environment, workingDir }: Invocation,
  use: (state: ControlState) => Promise<T>,
): Promise<T> {
  // Loaded here, so that the other commands need not wait for the gateway's code.
  const { ConfigError, ControlStateError, loadConfig, openControlState } = await import("@prism-data/proxy");
  try {
    const flags = dataDir === undefined ? {} : { dataDir };
    const { controlState } = await loadConfig({ file, environment, workingDir, flags, shippedPluginBases });
    // What keeps it from the store is told by the call that needs it.
    const log = { info() {}, warn() {} };
    await using state = await openControlState(controlState, { log, now: Date.now });
    return await use(state);
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandFailure(ExitCode.usage, error.message, { cause: error });
    if (error instanceof ControlStateError) throw new CommandFailure(ExitCode.failed, error.message, { cause: error });
    throw error;
  }
}
