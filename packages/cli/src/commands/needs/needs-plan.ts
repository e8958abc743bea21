import path from "node:path";
import type { NamespaceEntry, Offer, OfferedPattern, PlannedNamespace } from "@prism-data/planner";
import type { BackendConfig, Config, NamespaceConfig, StaticPattern } from "@prism-data/proxy";
import type { Command } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { Invocation } from "../../invocation.js";
import { shippedPluginBases } from "../../shipped-plugins.js";
import { readNeeds } from "./read-needs.js";

/** The options that plan and apply share. */
export interface NeedsOptions {
  readonly config?: string;
  readonly allowDataLoss?: boolean;
  readonly json?: boolean;
}

/** A plan, and the configuration that it was made for. */
export interface NeedsPlan {
  readonly config: Config;
  readonly planned: readonly PlannedNamespace[];
}

/** Adds the arguments and options that plan and apply share. */
export function addNeedsOptions(command: Command): Command {
  return command
    .argument("<file>", "the app's .proto, a folder of them, a descriptor set, or the needs as .yaml")
    .option("-c, --config <file>", "the configuration (default: prism.yaml in the working folder)")
    .option("--allow-data-loss", "let a change delete data that is kept now")
    .option("--json", "print JSON");
}

/** Reads what an app needs and the configuration, and plans. */
export async function makePlan(file: string, options: NeedsOptions, invocation: Invocation): Promise<NeedsPlan> {
  // Loaded here, so that the other commands need not wait for it.
  const [{ ConfigError, loadConfig }, { NeedsError, planNamespaces }] = await Promise.all([
    import("@prism-data/proxy"),
    import("@prism-data/planner"),
  ]);
  const { environment, workingDir } = invocation;
  try {
    const config = await loadConfig({ file: options.config, environment, workingDir, shippedPluginBases });
    const written = await readNeeds(path.resolve(workingDir, file));
    if (written.length === 0) throw new CommandFailure(ExitCode.usage, withoutNeeds(file));
    const offers = [...config.backends.values()].map(offerOf);
    const namespaces = new Map([...config.namespaces].map(([name, namespace]) => [name, entryOf(namespace)]));
    const allowDataLoss = options.allowDataLoss ?? false;
    return { config, planned: planNamespaces({ written, offers, namespaces, allowDataLoss }) };
  } catch (error) {
    if (error instanceof NeedsError || error instanceof ConfigError)
      throw new CommandFailure(ExitCode.usage, error.message, { facts: { problems: error.problems }, cause: error });
    throw error;
  }
}

function withoutNeeds(file: string): string {
  return `${file} states no needs: no message in it has an option such as (prism.access_pattern); see proto/prism/options.proto`;
}

function offerOf({ name, plugin, program }: BackendConfig): Offer {
  const { description } = program;
  const patterns =
    description && new Map([...description.patterns].map(([pattern, offered]) => [pattern, offeredOf(offered)]));
  return { backend: name, plugin: description?.name ?? plugin, patterns };
}

function offeredOf({ capabilities, durability, limits = {} }: StaticPattern): OfferedPattern {
  return { capabilities, durability, itemBytesMax: limits.payload_bytes_max ?? limits.value_bytes_max };
}

function entryOf({ pattern, backend, needs, durability, options, quota }: NamespaceConfig): NamespaceEntry {
  const { callsPerSecond, burst, callsInFlight, bytesPerSecond } = quota ?? {};
  const limits = {
    ...(callsPerSecond !== undefined && { calls_per_second: callsPerSecond }),
    ...(burst !== undefined && burst !== callsPerSecond && { burst }),
    ...(callsInFlight !== undefined && { calls_in_flight: callsInFlight }),
    ...(bytesPerSecond !== undefined && { bytes_per_second: `${bytesPerSecond}B` }),
  };
  return {
    pattern,
    backend,
    ...(needs !== undefined && { needs }),
    ...(durability !== undefined && { durability }),
    options: options as NamespaceEntry["options"] & object,
    limits,
  };
}
