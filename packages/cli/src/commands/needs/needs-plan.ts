import path from "node:path";
import type { NamespaceEntry, Offer, OfferedPattern, OfferFacts, PlannedNamespace, Problem } from "@prism-data/planner";
import type { BackendConfig, NamespaceConfig, StaticPattern } from "@prism-data/proxy";
import { type Command, Option } from "commander";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { Invocation } from "../../invocation.js";
import { timeoutOption } from "../../proxy-options.js";
import { shippedPluginBases } from "../../shipped-plugins.js";
import { readNeeds } from "./read-needs.js";

/** The options that plan and apply share. */
export interface NeedsOptions {
  readonly config?: string;
  /** The admin address of a running proxy, in place of a configuration. */
  readonly admin?: string;
  readonly timeout: number;
  readonly allowDataLoss?: boolean;
  readonly json?: boolean;
}

/** What an app needs, planned. */
export interface NeedsPlan {
  readonly planned: readonly PlannedNamespace[];
  /** What the app says of its services that Prism does not act on. */
  readonly unused: readonly Problem[];
}

/** What a plan is made for: what is there, and what there could be. */
export interface Surroundings {
  readonly offers: readonly Offer[];
  readonly namespaces: ReadonlyMap<string, NamespaceEntry>;
}

const adminOption = new Option(
  "--admin <host:port>",
  "plan for what a running proxy has, by its admin address, and not for a file",
).conflicts("config");

/** Adds the arguments and options that plan and apply share. */
export function addNeedsOptions(command: Command): Command {
  return command
    .argument("<file>", "the app's .proto, a folder of them, a descriptor set, or the needs as .yaml")
    .option("-c, --config <file>", "the configuration (default: prism.yaml in the working folder)")
    .addOption(adminOption)
    .addOption(timeoutOption())
    .option("--allow-data-loss", "let a change delete data that is kept now")
    .option("--json", "print JSON");
}

/** Reads what an app needs, and plans for what `around` finds. */
export async function makePlan(
  file: string,
  options: NeedsOptions,
  { workingDir }: Invocation,
  around: () => Promise<Surroundings>,
): Promise<NeedsPlan> {
  // Loaded here, so that the other commands need not wait for it.
  const { NeedsError, planNamespaces } = await import("@prism-data/planner");
  try {
    const { offers, namespaces } = await around();
    const { written, unused } = await readNeeds(path.resolve(workingDir, file));
    if (written.length === 0) throw new CommandFailure(ExitCode.usage, withoutNeeds(file));
    const allowDataLoss = options.allowDataLoss ?? false;
    return { planned: planNamespaces({ written, offers, namespaces, allowDataLoss }), unused };
  } catch (error) {
    if (error instanceof NeedsError)
      throw new CommandFailure(ExitCode.usage, error.message, { facts: { problems: error.problems }, cause: error });
    throw error;
  }
}

/** What the configuration has. */
export async function readConfigured(
  { config: file }: NeedsOptions,
  { environment, workingDir }: Invocation,
): Promise<Surroundings> {
  const [{ ConfigError, loadConfig }, { factsOf }] = await Promise.all([
    import("@prism-data/proxy"),
    import("@prism-data/planner"),
  ]);
  try {
    const config = await loadConfig({ file, environment, workingDir, shippedPluginBases });
    return {
      offers: [...config.backends.values()].map((backend) => offerOf(backend, factsOf(backend.settings.reveal()))),
      namespaces: new Map([...config.namespaces].map(([name, namespace]) => [name, entryOf(namespace)])),
    };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new CommandFailure(ExitCode.usage, error.message, { facts: { problems: error.problems }, cause: error });
  }
}

function withoutNeeds(file: string): string {
  return `${file} states no needs: no message in it has an option such as (prism.access_pattern); see proto/prism/options.proto`;
}

function offerOf({ name, plugin, program }: BackendConfig, facts: OfferFacts): Offer {
  const { description } = program;
  const patterns =
    description && new Map([...description.patterns].map(([pattern, offered]) => [pattern, offeredOf(offered)]));
  return { backend: name, plugin: description?.name ?? plugin, patterns, facts };
}

function offeredOf({ capabilities, durability, limits = {} }: StaticPattern): OfferedPattern {
  return { capabilities, durability, itemBytesMax: limits.payload_bytes_max ?? limits.value_bytes_max };
}

function entryOf({ pattern, backend, needs, durability, options, quota, pin }: NamespaceConfig): NamespaceEntry {
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
    ...(pin !== undefined && { pin }),
  };
}
