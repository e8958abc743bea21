import * as z from "zod";
import type { LocatedProblem } from "./problem.js";
import { nodeAt, type SchemaNode, schemaProblems } from "./schema-problems.js";

/**
 * What is wrong with a backend's settings by the JSON Schema in its plugin's package.json; keys start at the settings. A schema
 * that cannot be read finds nothing: the running plugin has the last word in any case.
 */
export function settingsProblems(settings: unknown, jsonSchema: unknown): readonly LocatedProblem[] {
  const schema = readSchema(jsonSchema);
  const parsed = schema?.safeParse(settings);
  if (parsed === undefined || parsed.success) return [];
  const root = jsonSchema as SchemaNode;
  return schemaProblems(parsed.error, settings, root).map(({ keys, message }) => {
    // What zod says of a pattern is the pattern; the author's description says how to write the value.
    const description = message.startsWith("Invalid ") ? nodeAt(root, keys)?.description : undefined;
    return { keys, message: description === undefined ? message : `is not what it should be: ${description}` };
  });
}

/** Reading one takes far longer than using it, and thousands of namespaces are checked by the same. */
const schemasRead = new WeakMap<object, { readonly schema: z.ZodType | undefined }>();

function readSchema(jsonSchema: unknown): z.ZodType | undefined {
  if (typeof jsonSchema !== "object" || jsonSchema === null) return undefined;
  const known = schemasRead.get(jsonSchema) ?? { schema: schemaOf(jsonSchema) };
  schemasRead.set(jsonSchema, known);
  return known.schema;
}

function schemaOf(jsonSchema: object): z.ZodType | undefined {
  try {
    return z.fromJSONSchema(jsonSchema as z.core.JSONSchema.JSONSchema);
  } catch {
    return undefined;
  }
}
