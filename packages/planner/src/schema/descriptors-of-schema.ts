import { create, type MessageInitShape, ScalarType, toBinary } from "@bufbuild/protobuf";
import {
  type DescriptorProtoSchema,
  type EnumDescriptorProtoSchema,
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  type FieldDescriptorProtoSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";
import type { FieldType, Schema, SchemaEnum, SchemaField, SchemaMessage } from "./schema.js";
import { filesOf, typesWithin } from "./schema-files.js";
import { shortNameOf } from "./schema-part.js";

type MessageInit = MessageInitShape<typeof DescriptorProtoSchema>;
type FieldInit = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type EnumInit = MessageInitShape<typeof EnumDescriptorProtoSchema>;

/** A serialized `google.protobuf.FileDescriptorSet` of a schema in which nothing is missing. The same schema gives the same bytes. */
export function descriptorsOfSchema(schema: Schema): Uint8Array {
  const file = filesOf(schema).map(({ file: name, types, imports, syntax, package: ofFile }) => ({
    ...{ name, syntax, package: ofFile, dependency: [...imports] },
    ...definitions(types, schema),
  }));
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

function definitions(names: readonly string[], schema: Schema): { messageType: MessageInit[]; enumType: EnumInit[] } {
  return {
    messageType: names.flatMap((name) => {
      const message = schema.messages.get(name);
      return message === undefined ? [] : [messageInit(name, message, schema)];
    }),
    enumType: names.flatMap((name) => {
      const one = schema.enums.get(name);
      return one === undefined ? [] : [enumInit(name, one)];
    }),
  };
}

function messageInit(name: string, { fields, reserved }: SchemaMessage, schema: Schema): MessageInit {
  const { messageType, enumType } = definitions(typesWithin(schema, name), schema);
  const oneofs = [...new Set(fields.flatMap(({ oneof }) => oneof ?? []))];
  const maps = fields.filter(({ cardinality }) => cardinality === "map");
  return {
    name: shortNameOf(name),
    field: fields.map((field) => fieldInit(name, field, oneofs)),
    nestedType: [...messageType, ...maps.map(entryInit)],
    enumType,
    oneofDecl: oneofs.map((oneof) => ({ name: oneof })),
    // The end of a message's range is the number behind it, that of an enum's is its last.
    reservedRange: reserved.ranges.map(([start, last]) => ({ start, end: last + 1 })),
    reservedName: [...reserved.names],
  };
}

const labels = {
  singular: FieldDescriptorProto_Label.OPTIONAL,
  required: FieldDescriptorProto_Label.REQUIRED,
  repeated: FieldDescriptorProto_Label.REPEATED,
  map: FieldDescriptorProto_Label.REPEATED,
} as const;

function fieldInit(message: string, field: SchemaField, oneofs: readonly string[]): FieldInit {
  const { name, number, jsonName, cardinality, oneof } = field;
  return {
    ...{ name, number, jsonName, label: labels[cardinality] },
    ...(cardinality === "map"
      ? { type: FieldDescriptorProto_Type.MESSAGE, typeName: `.${message}.${entryName(name)}` }
      : typeInit(field.type)),
    ...(oneof !== undefined && { oneofIndex: oneofs.indexOf(oneof) }),
    ...(field.default !== undefined && { defaultValue: field.default }),
  };
}

function typeInit({ kind, name }: FieldType): FieldInit {
  if (kind === "scalar") {
    // The numbers of scalars are those of the types of fields.
    const type = ScalarType[name.toUpperCase() as keyof typeof ScalarType] as number as FieldDescriptorProto_Type;
    return { type };
  }
  const type = kind === "enum" ? FieldDescriptorProto_Type.ENUM : FieldDescriptorProto_Type.MESSAGE;
  return { type, typeName: `.${name}` };
}

/** A map is a list of messages with a key and a value. */
function entryInit({ name, keyType = "string", type }: SchemaField): MessageInit {
  const label = FieldDescriptorProto_Label.OPTIONAL;
  return {
    name: entryName(name),
    field: [
      { name: "key", number: 1, jsonName: "key", label, ...typeInit({ kind: "scalar", name: keyType }) },
      { name: "value", number: 2, jsonName: "value", label, ...typeInit(type) },
    ],
    options: { mapEntry: true },
  };
}

function entryName(field: string): string {
  return `${field.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Entry`;
}

function enumInit(name: string, { values, reserved }: SchemaEnum): EnumInit {
  const isAliased = [...values.values()].some((names) => names.length > 1);
  return {
    name: shortNameOf(name),
    value: [...values].flatMap(([number, names]) => names.map((one) => ({ name: one, number }))),
    ...(isAliased && { options: { allowAlias: true } }),
    reservedRange: reserved.ranges.map(([start, end]) => ({ start, end })),
    reservedName: [...reserved.names],
  };
}
