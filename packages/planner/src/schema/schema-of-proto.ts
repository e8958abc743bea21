import protobuf from "protobufjs";
import { messagesIn, parsed } from "../read-proto.js";
import type { FieldType, Reserved, Schema, SchemaEnum, SchemaField } from "./schema.js";
import { defaultJsonName } from "./schema-text.js";

/**
 * The schema of .proto texts that may import each other. What else they import need not be there: Google's well-known types are known,
 * other types are told by their names. Throws NeedsError for what is none.
 */
export function schemaOfProtos(texts: readonly { readonly text: string; readonly file: string }[]): Schema {
  const root = new protobuf.Root();
  const files = new FileNames(texts.map(({ file }) => file));
  for (const { text, file } of texts) {
    parsed(text, file, root);
    files.define(root, file);
  }
  addWellKnown(root, files);
  const messages = [...messagesIn(root)].map((message) => {
    const fields = message.fieldsArray.map((field) => fieldOf(message, field));
    const name = nameOf(message);
    return [name, { file: files.of(name), fields, reserved: reservedOf(message.reserved) }] as const;
  });
  const enums = [...enumsIn(root)].map((one) => [nameOf(one), enumOf(one, files.of(nameOf(one)))] as const);
  return { messages: new Map(messages), enums: new Map(enums) };
}

/** Which file defines what. Names lose the folders that all share, so that they are the same on every machine. */
class FileNames {
  readonly #ofType = new Map<string, string>();
  readonly #sharedLength: number;

  constructor(files: readonly string[]) {
    const folders = files.map((file) => file.slice(0, file.lastIndexOf("/") + 1));
    const shared = folders.reduce((left, right) => {
      while (!right.startsWith(left)) left = left.slice(0, left.slice(0, -1).lastIndexOf("/") + 1);
      return left;
    }, folders[0] ?? "");
    this.#sharedLength = shared.length;
  }

  /** What the root has that it did not have before is defined in this file. */
  define(root: protobuf.Root, file: string, name = file.slice(this.#sharedLength)): void {
    for (const one of [...messagesIn(root), ...enumsIn(root)])
      if (!this.#ofType.has(nameOf(one))) this.#ofType.set(nameOf(one), name);
  }

  of(type: string): string {
    return this.#ofType.get(type)!;
  }
}

const wellKnown = ["any", "duration", "empty", "field_mask", "struct", "timestamp", "wrappers"];

/** Adds Google's well-known types, which everybody imports and nobody has in a folder of their own. */
function addWellKnown(root: protobuf.Root, files: FileNames): void {
  for (const short of wellKnown) {
    const file = `google/protobuf/${short}.proto`;
    const nested = protobuf.common.get(file)?.nested ?? {};
    const types = Object.keys((nested.google as WithNested).nested.protobuf!.nested);
    if (types.some((type) => root.lookup(`google.protobuf.${type}`) !== null)) continue;
    root.addJSON(nested);
    files.define(root, file, file);
  }
}

interface WithNested {
  readonly nested: Readonly<Record<string, WithNested>>;
}

function* enumsIn(namespace: protobuf.NamespaceBase): Generator<protobuf.Enum> {
  for (const one of namespace.nestedArray) {
    if (one instanceof protobuf.Enum) yield one;
    if (one instanceof protobuf.Namespace) yield* enumsIn(one);
  }
}

const nameOf = (object: protobuf.ReflectionObject) => object.fullName.slice(1);

function fieldOf(message: protobuf.Type, field: protobuf.Field): SchemaField {
  const { id, name, rule, map, partOf, options = {} } = field as protobuf.Field & { readonly rule?: string };
  const isProto3Optional = options.proto3_optional === true;
  return {
    number: id,
    name,
    jsonName: options.json_name ?? defaultJsonName(name),
    cardinality: map ? "map" : rule === "repeated" || rule === "required" ? rule : "singular",
    type: typeOf(message, field.type),
    ...(map && { keyType: (field as unknown as protobuf.MapField).keyType }),
    oneof: isProto3Optional ? undefined : partOf?.name,
    default: options.default === undefined ? undefined : String(options.default),
  };
}

function typeOf(message: protobuf.Type, name: string): FieldType {
  if (name in protobuf.types.basic) return { kind: "scalar", name };
  const found = message.lookup(name, [protobuf.Type, protobuf.Enum]);
  if (found === null) return { kind: "named", name: name.replace(/^\./, "") };
  return { kind: found instanceof protobuf.Enum ? "enum" : "message", name: nameOf(found) };
}

function enumOf({ values, reserved }: protobuf.Enum, file: string): SchemaEnum {
  const names = Map.groupBy(Object.entries(values), ([, number]) => number);
  const entries = [...names].map(([number, of]) => [number, of.map(([name]) => name)] as const);
  return { file, values: new Map(entries), reserved: reservedOf(reserved) };
}

function reservedOf(reserved: readonly (number[] | string)[] = []): Reserved {
  return {
    ranges: reserved
      .filter((one) => typeof one !== "string")
      .map(([first = 0, last = first]) => [first, last] as const),
    names: reserved.filter((one) => typeof one === "string"),
  };
}
