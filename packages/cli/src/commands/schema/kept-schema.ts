import type { KeptSchema } from "@prism-data/planner";
import { type Command, Option } from "commander";
import { AdminClient } from "../../admin-client.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";
import type { Invocation } from "../../invocation.js";
import { connectToAdmin, timeoutOption } from "../../proxy-options.js";
import { shippedPluginBases } from "../../shipped-plugins.js";

/** Where messages are kept. */
export interface KeptOptions {
  readonly config?: string;
  /** The admin address of a running proxy, in place of a configuration. */
  readonly admin?: string;
  readonly timeout: number;
}

/** Adds the options that say where messages are kept. */
export function addKeptOptions(command: Command): Command {
  const admin = new Option("--admin <host:port>", "ask a running proxy, by its admin address, and not a file");
  return command
    .option("-c, --config <file>", "the configuration (default: prism.yaml in the working folder)")
    .addOption(admin.conflicts("config"))
    .addOption(timeoutOption());
}

/** What is kept of the messages in a namespace. Throws CommandFailure when there is nothing. */
export async function readKept(namespace: string, options: KeptOptions, invocation: Invocation): Promise<KeptSchema> {
  const { admin } = options;
  const kept =
    admin === undefined ? await ofFile(namespace, options, invocation) : await ofProxy(namespace, options, invocation);
  if (kept !== undefined) return kept;
  const text = `nothing is kept of the messages in ${JSON.stringify(namespace)}; prism apply keeps them, from a .proto or a descriptor set`;
  throw new CommandFailure(ExitCode.failed, text);
}

async function ofProxy(name: string, options: KeptOptions, invocation: Invocation): Promise<KeptSchema | undefined> {
  await using connection = await connectToAdmin(options, invocation);
  const { message, descriptorSet } = await new AdminClient(connection).getNamespaceSchema(name);
  return message === "" ? undefined : { message, files: descriptorSet };
}

async function ofFile(
  name: string,
  { config: file }: KeptOptions,
  { environment, workingDir }: Invocation,
): Promise<KeptSchema | undefined> {
  const [proxy, { NeedsError }] = await Promise.all([import("@prism-data/proxy"), import("@prism-data/planner")]);
  try {
    const config = await proxy.loadConfig({ file, environment, workingDir, shippedPluginBases });
    const namespace = config.namespaces.get(name);
    if (namespace !== undefined) return (await proxy.schemaOfFile(namespace, config.workingDir)).kept;
    const text = `${config.file ?? "the default configuration"} has no namespace ${JSON.stringify(name)}`;
    throw new CommandFailure(ExitCode.usage, text);
  } catch (error) {
    if (!(error instanceof NeedsError || error instanceof proxy.ConfigError)) throw error;
    throw new CommandFailure(ExitCode.usage, error.message, { facts: { problems: error.problems }, cause: error });
  }
}
