import type { WrittenNeeds } from "./needs.js";
import { NeedsError, type Problem } from "./problem.js";
import { needsOfProto, unusedOptionsOfProto } from "./read-proto.js";
import type { Schema } from "./schema/schema.js";
import { schemaOfDescriptors } from "./schema/schema-of-descriptors.js";
import { schemaOfProtos } from "./schema/schema-of-proto.js";
import { checkedOptions, type ReadMessage } from "./stated-needs.js";
import { unusedOptions, writtenNeeds } from "./written-needs.js";

/** What an app says it needs, as it came. */
export type AppNeeds =
  | { readonly kind: "protos"; readonly protos: readonly { readonly file: string; readonly text: string }[] }
  /** A serialized `google.protobuf.FileDescriptorSet` with its imports. */
  | { readonly kind: "descriptors"; readonly bytes: Uint8Array }
  /** The options by message: `{ "acme.UserEvents": { access_pattern: "append_heavy", fields: { email: { pii: "email" } } } }`. */
  | { readonly kind: "written"; readonly tree: unknown };

/** What an app states. */
export interface StatedNeeds {
  readonly written: readonly WrittenNeeds[];
  /** What it says of its services that Prism does not act on. */
  readonly unused: readonly Problem[];
  /** Its messages; `undefined`: it gave none. */
  readonly schema: Schema | undefined;
}

/** Reads what an app states. Throws NeedsError with what is wrong in it; also when it states nothing. */
export function readAppNeeds(needs: AppNeeds): StatedNeeds {
  const stated = read(needs);
  if (stated.written.length > 0) return stated;
  const message =
    "state nothing: no message has an option such as (prism.access_pattern); proto/prism/options.proto has all of them";
  throw new NeedsError([{ at: "needs", message }]);
}

function read(needs: AppNeeds): StatedNeeds {
  if (needs.kind === "written") return { written: writtenOf(needs.tree), unused: [], schema: undefined };
  if (needs.kind === "descriptors") return ofDescriptors(needs.bytes);
  return {
    written: needs.protos.flatMap(({ text, file }) => needsOfProto(text, file)),
    unused: needs.protos.flatMap(({ text, file }) => unusedOptionsOfProto(text, file)),
    schema: schemaOfProtos(needs.protos),
  };
}

function ofDescriptors(bytes: Uint8Array): StatedNeeds {
  try {
    return { written: writtenNeeds(bytes), unused: unusedOptions(bytes), schema: schemaOfDescriptors(bytes) };
  } catch (error) {
    if (error instanceof NeedsError) throw error;
    const message = `is no google.protobuf.FileDescriptorSet with its imports: ${(error as Error).message}`;
    throw new NeedsError([{ at: "descriptor set", message }]);
  }
}

function writtenOf(tree: unknown): readonly WrittenNeeds[] {
  return checkedOptions(Object.entries(mapOf(tree, "needs")).map(([message, said]) => messageOf(message, said)));
}

function messageOf(message: string, said: unknown): ReadMessage {
  const { fields = {}, ...options } = mapOf(said, message);
  const ofFields = Object.entries(mapOf(fields, `${message}.fields`));
  return {
    message,
    options,
    fields: ofFields.map(([name, of]) => ({ name, options: mapOf(of, `${message}.fields.${name}`) })),
  };
}

function mapOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new NeedsError([{ at, message: "is a map of options, such as { access_pattern: append_heavy }" }]);
}
