import { expect, test } from "vitest";
import { type KeptSchema, type PlannedSchema, planSchema } from "./planned-schema.js";
import { schemaOfProtos } from "./schema-of-proto.js";

const schemaOf = (text: string, file = "a.proto") =>
  schemaOfProtos([{ text: `syntax = "proto3"; package acme; ${text}`, file }]);

function planned(text: string, message: string, before?: KeptSchema, file?: string): PlannedSchema {
  const plan = planSchema(schemaOf(text, file), message, before);
  if ("missing" in plan) throw new Error(`${plan.missing} are missing`);
  return plan;
}

const order = "message Order { string id = 1; Order parent = 2; }";
const kept = planned(order, "acme.Order");

test("what is kept first is a change that breaks nothing", () => {
  expect(kept).toMatchObject({
    change: { key: "schema", from: undefined, to: expect.stringMatching(/^acme\.Order \(\w{8}\)$/) },
    breaking: [],
  });
});

test("the same message in another file, with its fields in another order, beside others, is no change", () => {
  const text = "message Other {} message Order { Order parent = 2; string id = 1; }";
  expect(planned(text, "acme.Order", kept, "b.proto")).toEqual({ ...kept, change: undefined });
});

test("a message of another name is compared with the one that is kept", () => {
  expect(planned(order.replaceAll("Order", "Purchase"), "acme.Purchase", kept)).toMatchObject({
    change: { key: "schema" },
    breaking: [],
  });
  const other = "message Purchase { bytes id = 1; Purchase parent = 2; }";
  expect(planned(other, "acme.Purchase", kept).breaking).toMatchObject([
    { rule: "FIELD_WIRE_JSON_COMPATIBLE_TYPE", at: "acme.Purchase.id" },
  ]);
});

test("types that are not there stop the message from being kept, and are named", () => {
  expect(planSchema(schemaOf("message Order { parts.Item item = 1; }"), "acme.Order", kept)).toEqual({
    missing: ["parts.Item"],
  });
});

test("what is kept and cannot be read is told", () => {
  const broken = { message: "acme.Order", files: Buffer.from("no descriptors") };
  expect(() => planSchema(schemaOf(order), "acme.Order", broken)).toThrow(
    "acme.Order: what is kept of it is no descriptor set",
  );
});
