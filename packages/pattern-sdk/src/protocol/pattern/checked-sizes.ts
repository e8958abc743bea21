import { GatewayError } from "../../errors.js";
import type { BoundNamespace } from "./bound-namespace.js";
import { checkCount, invalidField } from "./checked-fields.js";

/** What apps store: values, payloads, records. `limitBytes` is the plugin's. */
export function checkValue(bound: BoundNamespace, value: Uint8Array, limitBytes: number, field: string): void {
  checkValueSize(bound, value.length, field);
  if (value.length <= limitBytes) return;
  const description = `is ${value.length} bytes long; this namespace allows ${limitBytes}`;
  throw new GatewayError("VALUE_TOO_LARGE", `${field}: ${description}. Split the value or store it elsewhere.`, {
    metadata: { size_bytes: String(value.length), limit_bytes: String(limitBytes) },
    fieldViolations: [{ field, description }],
  });
}

/** What the operator allows a value to take. */
export function checkValueSize(bound: BoundNamespace, sizeBytes: number, field: string): void {
  const { valueBytes } = bound.sizeLimits;
  if (valueBytes === undefined || sizeBytes <= valueBytes) return;
  throw sizeLimitExceeded(bound, {
    name: "limits.value_size",
    given: `${field} takes ${sizeBytes} bytes`,
    allowed: `${valueBytes} bytes in one value`,
    advice: "Split the value or store it elsewhere",
  });
}

/** How many entries a batch has, which must not be empty. `max` is the pattern's. */
export function checkBatch(bound: BoundNamespace, entries: number, max: number, field: string): void {
  checkCount(entries, max, field);
  checkBatchSize(bound, entries, field);
}

/** The same for a list that may be empty. */
export function checkOptionalBatch(bound: BoundNamespace, entries: number, max: number, field: string): void {
  if (entries > max) throw invalidField(field, `has ${entries} entries; give 0 to ${max}`);
  checkBatchSize(bound, entries, field);
}

function checkBatchSize(bound: BoundNamespace, entries: number, field: string): void {
  const { batchEntries } = bound.sizeLimits;
  if (batchEntries === undefined || entries <= batchEntries) return;
  throw sizeLimitExceeded(bound, {
    name: "limits.batch_size",
    given: `${field} has ${entries} entries`,
    allowed: `${batchEntries} entries in one request`,
    advice: "Send fewer at a time",
  });
}

/** Trying again cannot help, so it says nothing of when to. */
function sizeLimitExceeded(
  { namespace }: BoundNamespace,
  met: { name: string; given: string; allowed: string; advice: string },
): GatewayError {
  const { name, given, allowed, advice } = met;
  const text = `${given}, and namespace ${JSON.stringify(namespace)} has a limit of ${allowed}. Nothing was changed. ${advice}, or ask the operator for a higher ${name}.`;
  return new GatewayError("SIZE_LIMIT_EXCEEDED", text, {
    metadata: { namespace, limit: name },
    quotaViolations: [{ subject: `namespace:${namespace}`, description: `${given}; ${name} allows ${allowed}.` }],
  });
}
