/** What of messages and enums whoever reads what others wrote depends on: on the wire and in JSON. By full names. */
export interface Schema {
  readonly messages: ReadonlyMap<string, SchemaMessage>;
  readonly enums: ReadonlyMap<string, SchemaEnum>;
}

export interface SchemaMessage {
  /** The file that defines it. */
  readonly file: string;
  readonly fields: readonly SchemaField[];
  readonly reserved: Reserved;
}

export interface SchemaField {
  readonly number: number;
  readonly name: string;
  readonly jsonName: string;
  readonly cardinality: "singular" | "required" | "repeated" | "map";
  /** Of a map: of its values. */
  readonly type: FieldType;
  /** Of a map: the scalar type of its keys. */
  readonly keyType?: string;
  /** The oneof that it is in; `undefined`: none. */
  readonly oneof: string | undefined;
  /** What stands for it where it is not set, as proto2 has it. `undefined`: what is zero. */
  readonly default: string | undefined;
}

/** `named`: of an import that is not there, a message or an enum. */
export interface FieldType {
  readonly kind: "scalar" | "message" | "enum" | "named";
  /** Of a scalar as .proto files have it, such as `int32`; otherwise the full name. */
  readonly name: string;
}

export interface SchemaEnum {
  /** The file that defines it. */
  readonly file: string;
  /** The names of each number. */
  readonly values: ReadonlyMap<number, readonly string[]>;
  readonly reserved: Reserved;
}

/** What must not be used again. */
export interface Reserved {
  /** From one number to another, which is the last. */
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly names: readonly string[];
}
