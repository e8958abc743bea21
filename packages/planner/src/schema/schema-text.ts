import type { Reserved, Schema, SchemaEnum, SchemaField, SchemaMessage } from "./schema.js";
import { filesOf, type SchemaFile, typesWithin } from "./schema-files.js";
import { shortNameOf } from "./schema-part.js";

/** The files of a schema in which nothing is missing, as .proto texts. */
export function schemaTexts(schema: Schema): readonly { readonly file: string; readonly text: string }[] {
  return filesOf(schema).map((one) => ({ file: one.file, text: fileText(one, schema) }));
}

function fileText({ syntax, package: ofFile, imports, types }: SchemaFile, schema: Schema): string {
  const head = [
    `syntax = "${syntax}";`,
    ...(ofFile === "" ? [] : [`package ${ofFile};`]),
    ...imports.map((file) => `import "${file}";`),
  ];
  const definitions = types.map((name) => `\n${definition(name, schema, syntax).join("\n")}\n`);
  return `${head.join("\n")}\n${definitions.join("")}`;
}

function definition(name: string, schema: Schema, syntax: string): readonly string[] {
  const message = schema.messages.get(name);
  const [kind, lines] =
    message === undefined
      ? ["enum", enumLines(schema.enums.get(name)!)]
      : ["message", messageLines(name, message, schema, syntax)];
  if (lines.length === 0) return [`${kind} ${shortNameOf(name)} {}`];
  return [`${kind} ${shortNameOf(name)} {`, ...lines.map((line) => `  ${line}`), "}"];
}

function messageLines(name: string, message: SchemaMessage, schema: Schema, syntax: string): readonly string[] {
  const inner = typesWithin(schema, name).flatMap((one) => definition(one, schema, syntax));
  const ofOneof = Map.groupBy(message.fields, ({ oneof }) => oneof);
  const plain = (ofOneof.get(undefined) ?? []).map((field) => `${labelOf(field, syntax)}${fieldText(field)}`);
  const oneofs = [...ofOneof].flatMap(([oneof, fields]) =>
    oneof === undefined ? [] : [`oneof ${oneof} {`, ...fields.map((field) => `  ${fieldText(field)}`), "}"],
  );
  return [...inner, ...plain, ...oneofs, ...reservedLines(message.reserved)];
}

function labelOf({ cardinality }: SchemaField, syntax: string): string {
  if (cardinality === "repeated" || cardinality === "required") return `${cardinality} `;
  return syntax === "proto2" && cardinality === "singular" ? "optional " : "";
}

function fieldText({ name, number, jsonName, type, keyType, default: said }: SchemaField): string {
  const typeText = type.kind === "scalar" ? type.name : `.${type.name}`;
  const quoted = type.kind === "scalar" && (type.name === "string" || type.name === "bytes");
  const options = [
    ...(jsonName === defaultJsonName(name) ? [] : [`json_name = "${jsonName}"`]),
    ...(said === undefined ? [] : [`default = ${quoted ? JSON.stringify(said) : said}`]),
  ];
  const tail = options.length === 0 ? "" : ` [${options.join(", ")}]`;
  return `${keyType === undefined ? typeText : `map<${keyType}, ${typeText}>`} ${name} = ${number}${tail};`;
}

/** As protoc makes it of a name: underscores go, and what follows one is a capital. */
export function defaultJsonName(name: string): string {
  return name.replaceAll(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}

function enumLines({ values, reserved }: SchemaEnum): readonly string[] {
  const isAliased = [...values.values()].some((names) => names.length > 1);
  return [
    ...(isAliased ? ["option allow_alias = true;"] : []),
    ...[...values].flatMap(([number, names]) => names.map((name) => `${name} = ${number};`)),
    ...reservedLines(reserved),
  ];
}

function reservedLines({ ranges, names }: Reserved): readonly string[] {
  const numbers = ranges.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return [
    ...(numbers.length === 0 ? [] : [`reserved ${numbers.join(", ")};`]),
    ...(names.length === 0 ? [] : [`reserved ${names.map((name) => `"${name}"`).join(", ")};`]),
  ];
}
