import type { Problem, ReadMessage, WrittenNeeds } from "@prism-data/planner";
import { parse } from "yaml";
import { readAppFiles } from "../../app-files.js";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";

/** What an app states. */
export interface StatedNeeds {
  readonly written: readonly WrittenNeeds[];
  /** What it says of its services that Prism does not act on. */
  readonly unused: readonly Problem[];
}

/**
 * What an app states: in a .proto, in all of a folder, in a descriptor set, or in YAML with the options by message. Throws NeedsError
 * for what is wrong in it, and CommandFailure for a file that cannot be read.
 */
export async function readNeeds(file: string): Promise<StatedNeeds> {
  const { needsOfProto, unusedOptions, unusedOptionsOfProto, writtenNeeds } = await import("@prism-data/planner");
  const files = await readAppFiles(file);
  if (files.kind === "yaml") return { written: await needsOfYaml(files.text, file), unused: [] };
  if (files.kind === "descriptors") return { written: writtenNeeds(files.bytes), unused: unusedOptions(files.bytes) };
  return {
    written: files.protos.flatMap(({ text, file: name }) => needsOfProto(text, name)),
    unused: files.protos.flatMap(({ text, file: name }) => unusedOptionsOfProto(text, name)),
  };
}

/** `acme.UserEvents: { access_pattern: append_heavy, estimated_rps: 10k, fields: { email: { pii: email } } }`. */
async function needsOfYaml(text: string, file: string): Promise<readonly WrittenNeeds[]> {
  const { checkedOptions } = await import("@prism-data/planner");
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    throw new CommandFailure(ExitCode.usage, `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  return checkedOptions(Object.entries(tree ?? {}).map(([message, said]) => messageOf(message, said, file)));
}

function messageOf(message: string, said: unknown, file: string): ReadMessage {
  const { fields = {}, ...options } = mapOf(said, `${file}: ${message}`);
  const ofFields = Object.entries(mapOf(fields, `${file}: ${message}.fields`));
  return {
    message,
    options,
    fields: ofFields.map(([name, of]) => ({ name, options: mapOf(of, `${file}: ${message}.fields.${name}`) })),
  };
}

function mapOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new CommandFailure(ExitCode.usage, `${at} is a map of options, such as { access_pattern: append_heavy }`);
}
