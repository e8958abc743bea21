import protobuf from "protobufjs";
import type { WrittenNeeds } from "./needs.js";
import { checkedOptions } from "./options.js";
import { NeedsError } from "./problem.js";

/** The extension of an option of Prism, as protobufjs names it. */
const ownOption = /^\(prism\.(\w+)\)$/;

/**
 * The messages of a .proto's text that state needs, in their order. What it imports need not be there. Throws NeedsError when the text
 * is no .proto, or uses an option that is none; `file` is its name, for people.
 */
export function needsOfProto(text: string, file: string): readonly WrittenNeeds[] {
  const root = new protobuf.Root();
  try {
    protobuf.parse(text, root, { keepCase: true });
  } catch (error) {
    throw new NeedsError([{ at: file, message: `is no .proto that can be read: ${(error as Error).message}` }]);
  }
  const needs = checkedOptions(
    [...messagesIn(root)].map((message) => ({ message: message.fullName.slice(1), options: ownOptions(message) })),
  );
  return needs.filter(({ options }) => options.size > 0);
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
