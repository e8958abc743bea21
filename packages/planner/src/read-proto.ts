import { existsSync } from "node:fs";
import path from "node:path";
import protobuf from "protobufjs";
import type { WrittenNeeds } from "./needs.js";
import { checkedOptions, optionsFile } from "./options.js";
import { NeedsError } from "./problem.js";

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
  const messages = [...messagesIn(root)].filter(({ filename }) => filename === file);
  const needs = checkedOptions(
    messages.map((message) => ({ message: message.fullName.slice(1), options: ownOptions(message) })),
  );
  return needs.filter(({ options }) => options.size > 0);
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

/** Prism's options of a message, without their package. */
function ownOptions(message: protobuf.Type): Record<string, unknown> {
  const entries = Object.entries(message.options ?? {}).map(
    ([key, value]) => [ownOption.exec(key)?.[1], value] as const,
  );
  return Object.fromEntries(entries.filter(([name]) => name !== undefined));
}
