import type { Timestamp } from "../../protocol/gen/google/protobuf/timestamp.js";
import type { Column, Value } from "../../protocol/gen/prism/relational/v1/relational.js";

/** A value of the wire by its kind. */
export type WireKind = NonNullable<Value["kind"]>;

/** A parameter as cases write it: the kinds that JavaScript has, or any kind as the wire names it. */
export type Parameter = null | boolean | bigint | number | string | Uint8Array | WireKind;

/** The rows of a result, with its columns. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Parameter[])[];
}

export function wireParameter(parameter: Parameter): Value {
  return { kind: kindOf(parameter) };
}

function kindOf(parameter: Parameter): WireKind {
  if (parameter === null) return { $case: "null", value: true };
  if (parameter instanceof Uint8Array) return { $case: "bytes", value: parameter };
  switch (typeof parameter) {
    case "boolean":
      return { $case: "bool", value: parameter };
    case "bigint":
      return { $case: "int64", value: parameter };
    case "number":
      return { $case: "double", value: parameter };
    case "string":
      return { $case: "text", value: parameter };
    default:
      return parameter;
  }
}

/** A value as cases write it: what `kindOf` makes the same kind of again. */
export function plainValue({ kind }: Value): Parameter {
  if (kind === undefined) throw new Error("A value of a row has no kind.");
  switch (kind.$case) {
    case "null":
      return null;
    case "bool":
    case "int64":
    case "double":
    case "text":
      return kind.value;
    case "bytes":
      return Buffer.from(kind.value);
    default:
      return kind;
  }
}

export const timestamp = (value: Timestamp): WireKind => ({ $case: "timestamp", value });
export const array = (...elements: readonly Parameter[]): WireKind => ({
  $case: "array",
  value: { elements: elements.map(wireParameter) },
});

/** A kind whose value is a text of some form. */
export const texted = (
  $case: "numeric" | "localTimestamp" | "date" | "time" | "json" | "uuid" | "other",
  value: string,
): WireKind => ({ $case, value });
