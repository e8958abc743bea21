/** How a type's values are passed on. */
export type SqlForm =
  | "bool"
  | "int64"
  | "double"
  | "numeric"
  | "text"
  | "bytes"
  | "timestamp"
  | "local_timestamp"
  | "date"
  | "time"
  | "zoned_time"
  | "json"
  | "uuid"
  | "other";

interface SqlType {
  readonly oid: number;
  readonly arrayOid: number;
  readonly name: string;
  readonly form: SqlForm;
}

const typeOf = (oid: number, arrayOid: number, name: string, form: SqlForm): SqlType => ({ oid, arrayOid, name, form });

/** The types whose values have a form of their own. Source: PostgreSQL's catalog pg_type, whose oids below 10000 never change. */
const types: readonly SqlType[] = [
  typeOf(16, 1000, "bool", "bool"),
  typeOf(17, 1001, "bytea", "bytes"),
  typeOf(18, 1002, "char", "text"),
  typeOf(19, 1003, "name", "text"),
  typeOf(20, 1016, "int8", "int64"),
  typeOf(21, 1005, "int2", "int64"),
  typeOf(23, 1007, "int4", "int64"),
  typeOf(25, 1009, "text", "text"),
  typeOf(26, 1028, "oid", "int64"),
  typeOf(114, 199, "json", "json"),
  typeOf(700, 1021, "float4", "double"),
  typeOf(701, 1022, "float8", "double"),
  typeOf(1042, 1014, "bpchar", "text"),
  typeOf(1043, 1015, "varchar", "text"),
  typeOf(1082, 1182, "date", "date"),
  typeOf(1083, 1183, "time", "time"),
  typeOf(1114, 1115, "timestamp", "local_timestamp"),
  typeOf(1184, 1185, "timestamptz", "timestamp"),
  typeOf(1266, 1270, "timetz", "zoned_time"),
  typeOf(1700, 1231, "numeric", "numeric"),
  typeOf(2950, 2951, "uuid", "uuid"),
  typeOf(3802, 3807, "jsonb", "json"),
];

const byOid = new Map(types.map((type) => [type.oid, type]));
const byArrayOid = new Map(types.map((type) => [type.arrayOid, type]));
const byName = new Map(types.map((type) => [type.name, type]));

/** A type that is known without asking: its name, the form of its values, and whether it is an array of them. */
export interface KnownType {
  readonly name: string;
  readonly form: SqlForm;
  readonly isArray: boolean;
}

/** `undefined`: a type of the app's own, or one whose values are passed on as text. */
export function knownType(oid: number): KnownType | undefined {
  const type = byOid.get(oid);
  if (type !== undefined) return { name: type.name, form: type.form, isArray: false };
  const element = byArrayOid.get(oid);
  return element && { name: `_${element.name}`, form: element.form, isArray: true };
}

/** The oids of a type and of arrays of it, by PostgreSQL's name. */
export function oidsOf(name: string): { readonly oid: number; readonly arrayOid: number } {
  return byName.get(name)!;
}
