import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Change } from "../change.js";
import { NeedsError } from "../problem.js";
import type { BreakingChange } from "./breaking-change.js";
import { breakingChanges } from "./breaking-changes.js";
import { descriptorsOfSchema } from "./descriptors-of-schema.js";
import type { FieldType, Schema } from "./schema.js";
import { schemaOfDescriptors } from "./schema-of-descriptors.js";
import { schemaPartOf } from "./schema-part.js";
import { schemaTexts } from "./schema-text.js";

/** What is kept of the messages in a namespace. */
export interface KeptSchema {
  /** The full name of the message in it. */
  readonly message: string;
  /** A serialized `google.protobuf.FileDescriptorSet` with the message and all that it needs. */
  readonly files: Uint8Array;
}

/** What a namespace keeps, and what a change of it may do. */
export interface SchemaState {
  /** Not given: nothing yet. */
  readonly kept?: KeptSchema;
  /** `wire_json`: whoever knows one version reads what the other wrote, on the wire and in JSON; `none`: anything goes. */
  readonly compatibility: "wire_json" | "none";
}

/** What is to be kept. */
export interface PlannedSchema extends KeptSchema {
  /** What becomes of what is kept; `undefined`: it is that already. */
  readonly change: Change | undefined;
  /** What would break readers of what is kept or written. */
  readonly breaking: readonly BreakingChange[];
}

/** Plans what is kept of a message. `missing`: types that it needs and that were not given, so that nothing can be kept. */
export function planSchema(
  schema: Schema,
  message: string,
  before: KeptSchema | undefined,
): PlannedSchema | { readonly missing: readonly string[] } {
  const { schema: next, missing } = schemaPartOf(schema, message);
  if (missing.length > 0) return { missing };
  const files = descriptorsOfSchema(next);
  if (before === undefined) {
    return { message, files, change: { key: "schema", from: undefined, to: labelOf(message, next) }, breaking: [] };
  }
  const old = keptBefore(before);
  const isSame = before.message === message && isDeepStrictEqual(withoutFiles(old), withoutFiles(next));
  if (isSame) return { ...before, change: undefined, breaking: [] };
  return {
    message,
    files,
    change: { key: "schema", from: labelOf(before.message, old), to: labelOf(message, next) },
    breaking: breakingChanges(renamed(old, before.message, message), next),
  };
}

function keptBefore({ message, files }: KeptSchema): Schema {
  try {
    return schemaOfDescriptors(files);
  } catch (error) {
    const why = `what is kept of it is no descriptor set: ${(error as Error).message}`;
    throw new NeedsError([{ at: message, message: why }]);
  }
}

/** The message with what tells one version of it from another. */
function labelOf(message: string, schema: Schema): string {
  const text = schemaTexts(schema).map((one) => one.text);
  return `${message} (${createHash("sha256").update(text.join("\n")).digest("hex").slice(0, 8)})`;
}

/** Where a type is defined does not matter to who reads it. */
function withoutFiles({ messages, enums }: Schema): Schema {
  const plain = <T>(types: ReadonlyMap<string, T>) =>
    new Map([...types].map(([name, type]) => [name, { ...type, file: "" }]));
  return { messages: plain(messages), enums: plain(enums) };
}

/** The schema with a message under another name: what is kept in a namespace is read by what the app calls it now. */
function renamed(schema: Schema, from: string, to: string): Schema {
  if (from === to) return schema;
  const name = (old: string) => (old === from || old.startsWith(`${from}.`) ? `${to}${old.slice(from.length)}` : old);
  const type = (old: FieldType) => ({ ...old, name: old.kind === "scalar" ? old.name : name(old.name) });
  const messages = [...schema.messages].map(([key, message]) => {
    const fields = message.fields.map((field) => ({ ...field, type: type(field.type) }));
    return [name(key), { ...message, fields }] as const;
  });
  return { messages: new Map(messages), enums: new Map([...schema.enums].map(([key, one]) => [name(key), one])) };
}
