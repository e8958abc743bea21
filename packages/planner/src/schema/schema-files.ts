import type { Schema, SchemaField } from "./schema.js";
import { outerOf } from "./schema-part.js";

/** A file of a schema. */
export interface SchemaFile {
  readonly file: string;
  readonly syntax: "proto2" | "proto3";
  /** Empty: none. */
  readonly package: string;
  /** The files that it imports. */
  readonly imports: readonly string[];
  /** The names of what it defines, by name; what is defined within others is left out. */
  readonly types: readonly string[];
}

/** The files of a schema in which nothing is missing, each after those that it imports. */
export function filesOf(schema: Schema): readonly SchemaFile[] {
  const fileOf = (name: string) => (schema.messages.get(name) ?? schema.enums.get(name))!.file;
  const byFile = Map.groupBy([...schema.messages.keys(), ...schema.enums.keys()], fileOf);
  const done = new Map<string, SchemaFile>();
  // Imports have no circles.
  const add = (file: string) => {
    if (done.has(file)) return;
    const names = byFile.get(file)!;
    const fields = names.flatMap((name) => schema.messages.get(name)?.fields ?? []);
    const used = fields.filter(({ type }) => type.kind !== "scalar").map(({ type }) => fileOf(type.name));
    const imports = [...new Set(used)].filter((other) => other !== file).sort();
    for (const other of imports) add(other);
    const types = names.filter((name) => !schema.messages.has(outerOf(name))).sort();
    const syntax = fields.some(isOfProto2) ? "proto2" : "proto3";
    done.set(file, { file, syntax, package: outerOf(types[0]!), imports, types });
  };
  for (const file of [...byFile.keys()].sort()) add(file);
  return [...done.values()];
}

/** The names of what is defined directly within a message. */
export function typesWithin(schema: Schema, message: string): readonly string[] {
  const names = [...schema.messages.keys(), ...schema.enums.keys()];
  return names.filter((name) => outerOf(name) === message).sort();
}

const isOfProto2 = ({ cardinality, default: said }: SchemaField) => cardinality === "required" || said !== undefined;
