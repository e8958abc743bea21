import protobuf from "protobufjs";
import { messagesIn, parsed } from "../read-proto.js";
import type { FieldType, Reserved, Schema, SchemaEnum, SchemaField } from "./schema.js";

/** The schema of .proto texts that may import each other; what else they import need not be there. Throws NeedsError for what is none. */
export function schemaOfProtos(texts: readonly { readonly text: string; readonly file: string }[]): Schema {
  const root = new protobuf.Root();
  for (const { text, file } of texts) parsed(text, file, root);
  const messages = [...messagesIn(root)].map((message) => {
    const fields = message.fieldsArray.map((field) => fieldOf(message, field));
    return [nameOf(message), { fields, reserved: reservedOf(message.reserved) }] as const;
  });
  const enums = [...enumsIn(root)].map((one) => [nameOf(one), enumOf(one)] as const);
  return { messages: new Map(messages), enums: new Map(enums) };
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

function enumOf({ values, reserved }: protobuf.Enum): SchemaEnum {
  const names = Map.groupBy(Object.entries(values), ([, number]) => number);
  const entries = [...names].map(([number, of]) => [number, of.map(([name]) => name)] as const);
  return { values: new Map(entries), reserved: reservedOf(reserved) };
}

function reservedOf(reserved: readonly (number[] | string)[] = []): Reserved {
  return {
    ranges: reserved
      .filter((one) => typeof one !== "string")
      .map(([first = 0, last = first]) => [first, last] as const),
    names: reserved.filter((one) => typeof one === "string"),
  };
}

/** As protoc makes it of a name: underscores go, and what follows one is a capital. */
function defaultJsonName(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}
