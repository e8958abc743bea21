import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  fromBinary,
  ScalarType,
} from "@bufbuild/protobuf";
import { FieldDescriptorProto_Label, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import type { FieldType, Reserved, Schema, SchemaEnum, SchemaField, SchemaMessage } from "./schema.js";

/** The schema of a serialized `google.protobuf.FileDescriptorSet` with its imports. Throws when the bytes are none. */
export function schemaOfDescriptors(descriptorSet: Uint8Array): Schema {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const messages: [string, SchemaMessage][] = [];
  const enums: [string, SchemaEnum][] = [];
  for (const type of registry) {
    if (type.kind === "message") messages.push([type.typeName, messageOf(type)]);
    if (type.kind === "enum") enums.push([type.typeName, enumOf(type)]);
  }
  return { messages: new Map(messages), enums: new Map(enums) };
}

const nameOf = ({ proto }: DescFile) => proto.name;

function messageOf({ file, fields, proto: { reservedRange, reservedName } }: DescMessage): SchemaMessage {
  // The end of a message's range is the number behind it, that of an enum's is its last.
  const ranges = reservedRange.map(({ start, end }) => [start, end - 1] as const);
  return { file: nameOf(file), fields: fields.map(fieldOf), reserved: { ranges, names: reservedName } };
}

function fieldOf(field: DescField): SchemaField {
  const { number, name, jsonName, oneof, proto } = field;
  return {
    ...{ number, name, jsonName },
    cardinality: cardinalityOf(field),
    type: typeOf(field),
    ...(field.fieldKind === "map" && { keyType: scalarName(field.mapKey) }),
    oneof: oneof?.name,
    default: proto.defaultValue === "" ? undefined : proto.defaultValue,
  };
}

function cardinalityOf({ fieldKind, proto: { label } }: DescField): SchemaField["cardinality"] {
  if (fieldKind === "map") return "map";
  if (fieldKind === "list") return "repeated";
  return label === FieldDescriptorProto_Label.REQUIRED ? "required" : "singular";
}

function typeOf({ message, enum: ofEnum, scalar }: DescField): FieldType {
  if (message !== undefined) return { kind: "message", name: message.typeName };
  if (ofEnum !== undefined) return { kind: "enum", name: ofEnum.typeName };
  return { kind: "scalar", name: scalarName(scalar!) };
}

const scalarName = (scalar: ScalarType) => ScalarType[scalar].toLowerCase();

function enumOf({ file, values, proto: { reservedRange, reservedName } }: DescEnum): SchemaEnum {
  const entries = [...Map.groupBy(values, ({ number }) => number)];
  const reserved: Reserved = {
    ranges: reservedRange.map(({ start, end }) => [start, end] as const),
    names: reservedName,
  };
  const names = new Map(entries.map(([number, of]) => [number, of.map(({ name }) => name)]));
  return { file: nameOf(file), values: names, reserved };
}
