import { existsSync } from "node:fs";
import path from "node:path";
import protobuf from "protobufjs";
import type { WrittenNeeds } from "./needs.js";
import { optionNames, optionsFile } from "./option-names.js";
import { NeedsError, type Problem } from "./problem.js";

/** The extension of an option of Prism, as protobufjs names it. */
const ownOption = /^\(prism\.(\w+)\)$/;

/**
 * The messages of a .proto file that state needs, in their order. Files that it imports are looked for in `roots`, those of Prism and
 * of Google need not be there. Throws NeedsError when the file cannot be read, or uses an option that is none.
 */
export async function needsOfProto(file: string, roots: readonly string[]): Promise<readonly WrittenNeeds[]> {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => (origin === "" ? target : imported(target, roots));
  try {
    await root.load(file, { keepCase: true });
  } catch (error) {
    throw new NeedsError([{ at: file, message: `is no .proto that can be read: ${(error as Error).message}` }]);
  }
  const problems: Problem[] = [];
  const needs = [...messagesIn(root)]
    .filter(({ filename }) => filename === file)
    .map((message) => ({ message: message.fullName.slice(1), options: ownOptions(message, problems) }))
    .filter(({ options }) => options.size > 0);
  if (problems.length > 0) throw new NeedsError(problems);
  return needs;
}

/** `null`: it says nothing that is needed here. */
function imported(target: string, roots: readonly string[]): string | null {
  if (target === optionsFile || target.startsWith("google/")) return null;
  return roots.map((root) => path.join(root, target)).find((file) => existsSync(file)) ?? target;
}

function* messagesIn(namespace: protobuf.NamespaceBase): Generator<protobuf.Type> {
  for (const one of namespace.nestedArray) {
    if (one instanceof protobuf.Type) yield one;
    if (one instanceof protobuf.Namespace) yield* messagesIn(one);
  }
}

function ownOptions(message: protobuf.Type, problems: Problem[]): ReadonlyMap<string, string> {
  const set = new Map<string, string>();
  for (const [key, value] of Object.entries(message.options ?? {})) {
    const name = ownOption.exec(key)?.[1];
    if (name === undefined) continue;
    const at = `${message.fullName.slice(1)} (prism.${name})`;
    if (!optionNames.some((known) => known === name))
      problems.push({ at, message: `is no option; there are ${optionNames.join(", ")}` });
    else if (typeof value !== "string") problems.push({ at, message: `is text: write "${value}"` });
    else set.set(name, value);
  }
  return set;
}
