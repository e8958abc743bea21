import { glob, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { Problem, ReadMessage, WrittenNeeds } from "@prism-data/planner";
import { parse } from "yaml";
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
  const { unusedOptions, writtenNeeds } = await import("@prism-data/planner");
  if ((await read(file, (name) => stat(name))).isDirectory()) {
    const protos: string[] = [];
    for await (const proto of glob("**/*.proto", { cwd: file })) protos.push(path.join(file, proto));
    const all = await Promise.all(protos.sort().map(protoNeeds));
    return { written: all.flatMap(({ written }) => written), unused: all.flatMap(({ unused }) => unused) };
  }
  if (file.endsWith(".proto")) return await protoNeeds(file);
  const bytes = await read(file, (name) => readFile(name));
  if (/\.(ya?ml|json)$/.test(file)) return { written: await needsOfYaml(bytes.toString(), file), unused: [] };
  return { written: writtenNeeds(bytes), unused: unusedOptions(bytes) };
}

async function protoNeeds(file: string): Promise<StatedNeeds> {
  const { needsOfProto, unusedOptionsOfProto } = await import("@prism-data/planner");
  const text = await read(file, (name) => readFile(name, "utf8"));
  return { written: needsOfProto(text, file), unused: unusedOptionsOfProto(text, file) };
}

async function read<T>(file: string, how: (file: string) => Promise<T>): Promise<T> {
  return await how(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(ExitCode.usage, `${file} cannot be read (${error.code})`, { cause: error });
  });
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
