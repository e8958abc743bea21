import { overridable } from "./overrides.js";
import { configJsonSchema } from "./schema.js";

/** The parts of JSON Schema that the configuration's schema is made of. */
interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly "x-bounds"?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly required?: readonly string[];
  readonly $ref?: string;
}

/** How the names that the operator chooses stand in the keys of the table. */
const placeholders: Readonly<Record<string, string>> = {
  backends: "{name}",
  namespaces: "{name}",
  services: "{full.service.Name}",
};

/** The table of all options, as Markdown, made from the schema: docs/config.md contains it, and a test compares. */
export function configReference(): string {
  const rows = rowsOf(configJsonSchema() as SchemaNode, "", false);
  const overrides = overridable.map(({ flagName, variable, path }) => [
    `\`${path.join(".")}\``,
    `\`${flagName}\``,
    `\`${variable}\``,
  ]);
  return [
    table(["key", "default", "bounds", "meaning"], rows),
    "",
    table(["key", "flag of `prism serve`", "environment variable"], overrides),
    "",
  ].join("\n");
}

function rowsOf(node: SchemaNode, prefix: string, required: boolean): string[][] {
  const own = prefix === "" || node.description === undefined ? [] : [rowOf(node, prefix, required)];
  const properties = Object.entries(node.properties ?? {}).flatMap(([key, inner]) =>
    rowsOf(inner, prefix === "" ? key : `${prefix}.${key}`, node.required?.includes(key) === true),
  );
  const entries = node.additionalProperties;
  const placeholder = placeholders[prefix];
  const named =
    typeof entries === "object" && placeholder !== undefined ? rowsOf(entries, `${prefix}.${placeholder}`, false) : [];
  return [...own, ...properties, ...named];
}

function rowOf(node: SchemaNode, key: string, required: boolean): string[] {
  const bounds = node["x-bounds"] ?? node.enum?.join(", ") ?? "";
  return [`\`${key}\``, required ? "required" : defaultOf(node), bounds, node.description ?? ""];
}

function defaultOf(node: SchemaNode): string {
  const value = node.default;
  if (value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0))
    return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
