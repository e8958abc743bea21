import type { z } from "zod";
import type { LocatedProblem } from "./problem.js";
import { nearest, suggest } from "./suggestion.js";

/** The part of a JSON Schema that tells which keys there are. */
export interface SchemaNode {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
}

const expectedNames: Readonly<Record<string, string>> = {
  object: "a map",
  record: "a map",
  array: "a list",
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
};

/**
 * Says in the operator's words what the schema found in `tree`; `jsonSchema` is the same schema. Values are never repeated: they
 * may be secrets.
 */
export function schemaProblems(error: z.ZodError, tree: unknown, jsonSchema: SchemaNode): readonly LocatedProblem[] {
  return error.issues.flatMap((issue): LocatedProblem[] => {
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => ({
          keys: [...issue.path, key],
          message: unknownKey(key, valueAt(tree, issue.path), knownKeys(nodeAt(jsonSchema, issue.path))),
        }));
      case "invalid_type":
        return [{ keys: issue.path, message: wrongType(issue, valueAt(tree, issue.path)) }];
      case "invalid_value":
        return [{ keys: issue.path, message: `must be one of ${issue.values.join(", ")}` }];
      case "invalid_key":
        return [{ keys: issue.path, message: issue.issues.map((inner) => inner.message).join("; ") }];
      case "too_small":
        return [{ keys: issue.path, message: isEmpty(issue) ? "must not be empty" : issue.message }];
      default:
        return [
          {
            keys: issue.path,
            message: issue.code === "invalid_union" ? "is not a value that JSON has" : issue.message,
          },
        ];
    }
  });
}

/** Where the schema has no message of its own for a text, a list or a map that has nothing in it. */
function isEmpty({ origin, minimum, message }: { origin: string; minimum: unknown; message: string }): boolean {
  return message.startsWith("Too small") && minimum === 1 && origin !== "number" && origin !== "int";
}

function unknownKey(key: string, present: unknown, known: readonly string[]): string {
  // A key that is already there is not what the misspelt one means.
  const missing = known.filter((name) => !(typeof present === "object" && present !== null && name in present));
  const best = nearest(key, missing) ?? nearest(key, known);
  return `is not a known key; ${best === undefined ? suggest(key, known) : suggest(best, [best])}`;
}

function wrongType({ expected, message }: { expected: string; message: string }, value: unknown): string {
  if (value === undefined) return "is required";
  // The schema's own message, where it has one, says more than the type.
  if (!message.startsWith("Invalid input")) return message;
  return `must be ${expectedNames[expected] ?? expected}, not ${typeName(value)}`;
}

function typeName(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return (
    { object: "a map", string: "text", number: "a number", boolean: "true or false" }[typeof value as string] ?? "that"
  );
}

function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value: unknown, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return (value as Record<PropertyKey, unknown>)[key];
  }, tree);
}

/** What a JSON Schema says of the value at a path. */
export function nodeAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const key of path) {
    const inner: SchemaNode | boolean | undefined = node?.properties?.[String(key)] ?? node?.additionalProperties;
    node = typeof inner === "object" ? inner : undefined;
  }
  return node;
}

function knownKeys(node: SchemaNode | undefined): readonly string[] {
  return Object.keys(node?.properties ?? {});
}
