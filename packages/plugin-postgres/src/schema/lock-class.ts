import { createHash } from "node:crypto";

/**
 * The first of the two numbers that name an advisory lock; the second says which one of its kind. Locks belong to the whole database, so
 * two Prisms in two of its schemas must not meet in one.
 */
export function lockClass(schema: string, kind: string): number {
  return createHash("sha256").update(`prism\0${schema}\0${kind}`).digest().readInt32BE();
}
