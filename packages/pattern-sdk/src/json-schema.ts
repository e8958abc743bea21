import * as z from "zod";

/** What an operator may write: defaults need not be there, and what a transform makes of a value is not their matter. */
export function jsonSchemaOf(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}
