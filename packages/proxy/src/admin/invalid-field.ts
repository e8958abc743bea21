import { GatewayError } from "@prism-data/pattern-sdk/protocol";

/** Says what is wrong with one field of a request; `description` goes on where the field's name ends. */
export function invalidField(field: string, description: string): GatewayError {
  return new GatewayError("INVALID_FIELD", `${field} ${description}.`, { fieldViolations: [{ field, description }] });
}
