import type { BreakingChange } from "./breaking-change.js";
import type { FieldType, Schema, SchemaField } from "./schema.js";

/** Scalar types that read each other's values, on the wire and in JSON. All others only read their own. */
const readAlike: readonly (readonly string[])[] = [
  ["int32", "uint32"],
  ["int64", "uint64"],
  ["fixed32", "sfixed32"],
  ["fixed64", "sfixed64"],
];

/** What breaks readers of a field that keeps its number. */
export function fieldChanges(
  message: string,
  was: SchemaField,
  is: SchemaField,
  schemas: { readonly before: Schema; readonly after: Schema },
): readonly BreakingChange[] {
  const at = `${message}.${was.name}`;
  const change = (rule: string, what: string, from = "none", to = "none") =>
    from === to ? [] : [{ rule, at, message: `its ${what} is ${from}, and would be ${to}` }];
  return [
    ...change("FIELD_SAME_NAME", "name", was.name, is.name),
    ...change("FIELD_SAME_JSON_NAME", "name in JSON", was.jsonName, is.jsonName),
    ...change("FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY", "cardinality", was.cardinality, is.cardinality),
    ...change("FIELD_SAME_ONEOF", "oneof", was.oneof, is.oneof),
    ...(typeText(was) === typeText(is) ? change("FIELD_SAME_DEFAULT", "default", defaultOf(was), defaultOf(is)) : []),
    ...(isReadAlike(was, is, schemas)
      ? []
      : change("FIELD_WIRE_JSON_COMPATIBLE_TYPE", "type", typeText(was), typeText(is))),
  ];
}

function isReadAlike(was: SchemaField, is: SchemaField, schemas: { before: Schema; after: Schema }): boolean {
  if (was.keyType !== is.keyType && !isScalarReadAlike(was.keyType, is.keyType)) return false;
  return isTypeReadAlike(was.type, is.type, schemas);
}

function isTypeReadAlike(was: FieldType, is: FieldType, { before, after }: { before: Schema; after: Schema }): boolean {
  if (was.name === is.name && (was.kind === is.kind || was.kind === "named" || is.kind === "named")) return true;
  if (was.kind === "scalar" && is.kind === "scalar") return isScalarReadAlike(was.name, is.name);
  return was.kind === "enum" && is.kind === "enum" && isPartOf(was.name, is.name, before, after);
}

function isScalarReadAlike(was = "", is = ""): boolean {
  return readAlike.some((types) => types.includes(was) && types.includes(is));
}

/** Whether an enum may stand in for another: it is called the same in another place, and has all its values. */
function isPartOf(was: string, is: string, before: Schema, after: Schema): boolean {
  const shortName = (name: string) => name.slice(name.lastIndexOf(".") + 1);
  const [old, next] = [before.enums.get(was), after.enums.get(is)];
  if (old === undefined || next === undefined || shortName(was) !== shortName(is)) return false;
  return [...old.values].every(([number, names]) => names.every((name) => next.values.get(number)?.includes(name)));
}

/** What is zero is the default of a scalar, also where that is said. */
function defaultOf({ type: { kind, name }, default: said }: SchemaField): string | undefined {
  if (said !== undefined || kind !== "scalar") return said;
  if (name === "bool") return "false";
  return name === "string" || name === "bytes" ? "" : "0";
}

const typeText = ({ keyType, type }: SchemaField) =>
  keyType === undefined ? type.name : `map<${keyType}, ${type.name}>`;
