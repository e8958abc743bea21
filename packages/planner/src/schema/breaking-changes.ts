import type { BreakingChange } from "./breaking-change.js";
import { enumChanges } from "./enum-changes.js";
import { fieldChanges } from "./field-changes.js";
import { deleted, reservedChanges } from "./reserved-changes.js";
import type { Schema, SchemaMessage } from "./schema.js";

/**
 * What breaks readers of what was written before or after, on the wire or in JSON: the rules of buf's category WIRE_JSON for messages
 * and enums (https://buf.build/docs/breaking/rules). Those of services are left out: nothing that is kept depends on them.
 */
export function breakingChanges(before: Schema, after: Schema): readonly BreakingChange[] {
  return [
    ...pairs(before.messages, after.messages).flatMap(([name, was, is]) =>
      messageChanges(name, was, is, before, after),
    ),
    ...pairs(before.enums, after.enums).flatMap(([name, was, is]) => enumChanges(name, was, is)),
  ];
}

/** What both have. What goes breaks nobody: nothing refers to it any more. */
function pairs<T>(before: ReadonlyMap<string, T>, after: ReadonlyMap<string, T>): (readonly [string, T, T])[] {
  return [...before].flatMap(([name, was]) => {
    const is = after.get(name);
    return is === undefined ? [] : [[name, was, is] as const];
  });
}

function messageChanges(
  name: string,
  was: SchemaMessage,
  is: SchemaMessage,
  before: Schema,
  after: Schema,
): readonly BreakingChange[] {
  const now = new Map(is.fields.map((field) => [field.number, field]));
  const ofFields = was.fields.flatMap((field) => {
    const next = now.get(field.number);
    if (next !== undefined) return fieldChanges(name, field, next, { before, after });
    return deleted(`${name}.${field.name}`, "FIELD", field, is.reserved);
  });
  return [
    ...ofFields,
    ...requiredChanges(name, was, is),
    ...reservedChanges("MESSAGE", name, was.reserved, is.reserved),
  ];
}

function requiredChanges(name: string, was: SchemaMessage, is: SchemaMessage): readonly BreakingChange[] {
  const [old, next] = [was, is].map(({ fields }) => fields.filter(({ cardinality }) => cardinality === "required"));
  const without = (some: typeof old = [], others: typeof old = []) =>
    some.filter(({ number }) => !others.some((other) => other.number === number));
  const change = (field: string, message: string) => ({
    rule: "MESSAGE_SAME_REQUIRED_FIELDS",
    at: `${name}.${field}`,
    message,
  });
  return [
    ...without(next, old).map((field) => change(field.name, "becomes required, and older messages do not have it")),
    ...without(old, next).map((field) =>
      change(field.name, "is required no more, and older readers refuse without it"),
    ),
  ];
}
