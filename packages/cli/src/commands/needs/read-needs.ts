import { glob, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { WrittenNeeds } from "@prism-data/planner";
import { parse } from "yaml";
import { CommandFailure } from "../../command-failure.js";
import { ExitCode } from "../../exit-code.js";

/**
 * What an app states: in a .proto, in all of a folder, in a descriptor set, or in YAML with the options by message. Throws NeedsError
 * for what is wrong in it, and CommandFailure for a file that cannot be read.
 */
export async function readNeeds(file: string): Promise<readonly WrittenNeeds[]> {
  const { needsOfProto, writtenNeeds } = await import("@prism-data/planner");
  const protoNeeds = async (proto: string) => needsOfProto(await read(proto, (name) => readFile(name, "utf8")), proto);
  if ((await read(file, (name) => stat(name))).isDirectory()) {
    const protos: string[] = [];
    for await (const proto of glob("**/*.proto", { cwd: file })) protos.push(path.join(file, proto));
    return (await Promise.all(protos.sort().map(protoNeeds))).flat();
  }
  if (file.endsWith(".proto")) return await protoNeeds(file);
  const bytes = await read(file, (name) => readFile(name));
  return /\.(ya?ml|json)$/.test(file) ? await needsOfYaml(bytes.toString(), file) : writtenNeeds(bytes);
}

async function read<T>(file: string, how: (file: string) => Promise<T>): Promise<T> {
  return await how(file).catch((error: NodeJS.ErrnoException) => {
    throw new CommandFailure(ExitCode.usage, `${file} cannot be read (${error.code})`, { cause: error });
  });
}

/** `acme.UserEvents: { access_pattern: append_heavy, estimated_rps: 10k }`. */
async function needsOfYaml(text: string, file: string): Promise<readonly WrittenNeeds[]> {
  const { checkedOptions } = await import("@prism-data/planner");
  let tree: unknown;
  try {
    tree = parse(text);
  } catch (error) {
    throw new CommandFailure(ExitCode.usage, `${file} is not YAML: ${(error as Error).message}`, { cause: error });
  }
  return checkedOptions(Object.entries(tree ?? {}).map(([message, options]) => ({ message, options: options ?? {} })));
}
