import path from "node:path";
import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
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
  readonly allowSchemaBreaking?: boolean;
  readonly json?: boolean;
}

const adminOption = new Option(
  "--admin <host:port>",
  "let a running proxy plan, by its admin address, for what it has, and not for a file",
).conflicts("config");

/** Adds the arguments and options that plan and apply share. */
export function addNeedsOptions(command: Command): Command {
  return command
    .argument("<file>", "the app's .proto, a folder of them, a descriptor set, or the needs as .yaml")
    .option("-c, --config <file>", "the configuration (default: prism.yaml in the working folder)")
    .addOption(adminOption)
    .addOption(timeoutOption())
    .option("--allow-data-loss", "let a change delete data that is kept now")
    .option("--allow-schema-breaking", "let a change of messages break readers of what is kept")
    .option("--json", "print JSON");
}

/** A plan for a configuration. */
export interface FilePlan {
  readonly plan: adminv1.NeedsPlan;
  /** Where a namespace's messages are kept: as the configuration has it, and where that is. */
  schemaFile(namespace: string): { readonly file: string; readonly path: string };
}

/** Reads what an app needs, and plans for what the configuration has. */
export async function planForFile(
  file: string,
  { config: configFile, allowDataLoss = false, allowSchemaBreaking = false }: NeedsOptions,
  { environment, workingDir }: Invocation,
): Promise<FilePlan> {
  // Loaded here, so that the other commands need not wait for it.
  const [proxy, planner] = await Promise.all([import("@prism-data/proxy"), import("@prism-data/planner")]);
  try {
    const config = await proxy.loadConfig({ file: configFile, environment, workingDir, shippedPluginBases });
    const { backends, namespaces } = config;
    const { written, unused, schema } = planner.readAppNeeds(await readNeeds(path.resolve(workingDir, file)));
    const existing = written.flatMap((one) => namespaces.get(planner.namespaceOf(one)) ?? []);
    const kept = existing.map(async (one) => [one.name, await proxy.schemaOfFile(one, config.workingDir)] as const);
    const planned = planner.planNamespaces({
      written,
      offers: [...backends.values()].map((backend) => proxy.configuredOffer(backend, planner.factsOf)),
      namespaces: new Map([...namespaces].map(([name, namespace]) => [name, proxy.plannedEntry(namespace)])),
      schema,
      schemas: new Map(await Promise.all(kept)),
      ...{ allowDataLoss, allowSchemaBreaking },
    });
    return {
      plan: proxy.planMessage({ planned, unused }),
      schemaFile(name) {
        const keptIn = namespaces.get(name)?.schema?.file ?? `schemas/${encodeURIComponent(name)}.binpb`;
        return { file: keptIn, path: path.resolve(config.workingDir, keptIn) };
      },
    };
  } catch (error) {
    if (!(error instanceof planner.NeedsError || error instanceof proxy.ConfigError)) throw error;
    throw new CommandFailure(ExitCode.usage, error.message, { facts: { problems: error.problems }, cause: error });
  }
}
