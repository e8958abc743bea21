import protobuf from "protobufjs";
import type { WrittenNeeds } from "./needs.js";
import type { RawOptions } from "./options.js";
import { NeedsError, type Problem } from "./problem.js";
import { type ReadService, unusedServiceOptions } from "./service-options.js";
import { type ReadMessage, statedNeeds } from "./stated-needs.js";

/** The extension of an option of Prism, as protobufjs names it. */
const ownOption = /^\(\.?prism\.(\w+)\)$/;

/**
 * The messages of a .proto's text that state needs, in their order. What it imports need not be there. Throws NeedsError when the text
 * is no .proto, or uses an option that is none; `file` is its name, for people.
 */
export function needsOfProto(text: string, file: string): readonly WrittenNeeds[] {
  return statedNeeds([...messagesIn(parsed(text, file))].map(readMessage));
}

/** What the services and methods of a .proto's text say that Prism does not act on. Throws NeedsError like `needsOfProto`. */
export function unusedOptionsOfProto(text: string, file: string): readonly Problem[] {
  return unusedServiceOptions([...servicesIn(parsed(text, file))].flatMap(readService));
}

/** The text of a .proto, parsed, beside what the root has already. Throws NeedsError when it is none. */
export function parsed(text: string, file: string, root = new protobuf.Root()): protobuf.Root {
  try {
    protobuf.parse(text, root, { keepCase: true });
  } catch (error) {
    throw new NeedsError([{ at: file, message: `is no .proto that can be read: ${(error as Error).message}` }]);
  }
  return root;
}

export function* messagesIn(namespace: protobuf.NamespaceBase): Generator<protobuf.Type> {
  for (const one of namespace.nestedArray) {
    if (one instanceof protobuf.Type) yield one;
    if (one instanceof protobuf.Namespace) yield* messagesIn(one);
  }
}

function* servicesIn(namespace: protobuf.NamespaceBase): Generator<protobuf.Service> {
  for (const one of namespace.nestedArray) {
    if (one instanceof protobuf.Service) yield one;
    else if (one instanceof protobuf.Namespace) yield* servicesIn(one);
  }
}

function readMessage(message: protobuf.Type): ReadMessage {
  return {
    message: message.fullName.slice(1),
    options: ownOptions(message),
    fields: message.fieldsArray.map((field) => ({
      name: field.name,
      type: typeNameOf(message, field),
      options: ownOptions(field),
    })),
  };
}

function readService(service: protobuf.Service): readonly ReadService[] {
  const name = service.fullName.slice(1);
  return [
    { carrier: "service", name, options: ownOptions(service) },
    ...service.methodsArray.map((method) => ({
      carrier: "method" as const,
      name: `${name}.${method.name}`,
      options: ownOptions(method),
    })),
  ];
}

/** The full name of the message that a field holds; `undefined`: none, or one of an import. */
function typeNameOf(message: protobuf.Type, { type }: protobuf.Field): string | undefined {
  const found = message.lookup(type, [protobuf.Type]);
  return found === null ? undefined : found.fullName.slice(1);
}

/** Prism's options, without their package; one that is given several times is a list. */
function ownOptions({ options, parsedOptions }: protobuf.ReflectionObject): RawOptions {
  const all = (parsedOptions ?? []) as readonly Readonly<Record<string, unknown>>[];
  const entries = Object.entries(options ?? {}).flatMap(([key, last]): [string, unknown][] => {
    const name = ownOption.exec(key)?.[1];
    if (name === undefined) return [];
    const values = all.flatMap((each) => (key in each ? [each[key]] : []));
    return [[name, values.length > 1 ? values : last]];
  });
  return Object.fromEntries(entries);
}
