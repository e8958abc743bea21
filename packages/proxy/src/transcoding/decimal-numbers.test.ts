import { create, createFileRegistry, type JsonValue } from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  file_google_protobuf_struct,
  file_google_protobuf_wrappers,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { findNonDecimal } from "./decimal-numbers.js";

const entry = {
  name: "TotalsEntry",
  options: { mapEntry: true },
  field: [
    { name: "key", jsonName: "key", number: 1, type: Type.INT64, label: Label.OPTIONAL },
    { name: "value", jsonName: "value", number: 2, type: Type.UINT32, label: Label.OPTIONAL },
  ],
};
const field = (name: string, number: number, type: Type, typeName = "", label = Label.OPTIONAL) => ({
  name,
  jsonName: name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
  number,
  type,
  typeName,
  label,
});
const order = {
  name: "Order",
  nestedType: [entry],
  field: [
    field("item_count", 1, Type.INT32),
    field("weight", 2, Type.DOUBLE),
    field("note", 3, Type.STRING),
    field("sizes", 4, Type.INT64, "", Label.REPEATED),
    field("totals", 5, Type.MESSAGE, ".acme.Order.TotalsEntry", Label.REPEATED),
    field("parts", 6, Type.MESSAGE, ".acme.Order", Label.REPEATED),
    field("limit", 7, Type.MESSAGE, ".google.protobuf.Int64Value"),
    field("extra", 8, Type.MESSAGE, ".google.protobuf.Struct"),
  ],
};
const dependencies = [file_google_protobuf_struct, file_google_protobuf_wrappers];
const set = create(FileDescriptorSetSchema, {
  file: [
    ...dependencies.map(({ proto }) => proto),
    {
      name: "acme.proto",
      package: "acme",
      syntax: "proto3",
      dependency: dependencies.map(({ proto }) => proto.name),
      messageType: [order],
    },
  ],
});
const message = createFileRegistry(set).getMessage("acme.Order")!;

test.each<[string, JsonValue, string | undefined]>([
  ["a decimal text", { itemCount: "-12" }, undefined],
  ["an exponent", { weight: "1.5e-3" }, undefined],
  ["what is not finite", { weight: "-Infinity" }, undefined],
  ["a number", { itemCount: 16 }, undefined],
  ["a text field that looks hexadecimal", { note: "0x10" }, undefined],
  ["a struct, whose values are any JSON", { extra: { fields: { a: { number_value: "0x10" } } } }, undefined],
  ["hexadecimal digits under the JSON name", { itemCount: "0x10" }, "item_count"],
  ["hexadecimal digits under the proto name", { item_count: "0x10" }, "item_count"],
  ["a fraction in octal", { weight: "0o7" }, "weight"],
  ["an empty text in a list", { sizes: ["1", ""] }, "sizes"],
  ["a map's key", { totals: { "0x1": 1 } }, "totals"],
  ["a map's value", { totals: { "1": "0x1" } }, "totals"],
  ["a message in a list", { parts: [{}, { sizes: ["0b1"] }] }, "sizes"],
  ["a wrapper", { limit: "0x10" }, "value"],
])("a number in JSON is decimal: %s", (_name, json, found) => {
  expect(findNonDecimal(message, json)?.name).toBe(found);
});
