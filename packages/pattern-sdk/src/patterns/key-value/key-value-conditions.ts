import type { DeleteRequest, SetRequest, TransactCondition } from "./key-value.js";
import { conditionFailedError, etagMismatchError, keyExistsError } from "./key-value-errors.js";

/** What is under a key now; `undefined`: the key is missing, or has expired. */
type Current = { readonly etag: string } | undefined;

/**
 * Checks the condition of a set against what is under its key; a set without one always passes.
 *
 * Throws `KEY_EXISTS` and `ETAG_MISMATCH`. Pure: the store makes the check and the write one atomic step.
 * Source: `prism.keyvalue.v1.SetRequest`.
 */
export function checkSetCondition({ key, condition }: Pick<SetRequest, "key" | "condition">, current: Current): void {
  if (condition?.kind === "absent" && current !== undefined) throw keyExistsError({ key, currentEtag: current.etag });
  if (condition?.kind === "etag" && current?.etag !== condition.etag) {
    throw etagMismatchError({ key, currentEtag: current?.etag });
  }
}

/**
 * Checks the etag that a delete asks for against what is under its key; a delete without one always passes.
 *
 * Throws `ETAG_MISMATCH`. Pure: the store makes the check and the removal one atomic step.
 * Source: `prism.keyvalue.v1.DeleteRequest`.
 */
export function checkDeleteCondition({ key, ifEtag }: DeleteRequest, current: Current): void {
  if (ifEtag !== undefined && current?.etag !== ifEtag) throw etagMismatchError({ key, currentEtag: current?.etag });
}

/**
 * Checks one condition of a transaction, the one at `index` from 0, against what is under its key.
 *
 * Throws `CONDITION_FAILED`. Pure: the store checks all conditions and applies all mutations in one atomic step.
 * Source: `prism.keyvalue.v1.TransactRequest`.
 */
export function checkTransactCondition(index: number, condition: TransactCondition, current: Current): void {
  const holds =
    condition.kind === "exists" ? (current !== undefined) === condition.exists : current?.etag === condition.etag;
  if (!holds) throw conditionFailedError({ index, key: condition.key });
}
