import { compareIdempotencyTokens, type IdempotencyToken } from "../idempotency-token.js";
import { tokenStaleError } from "./key-value-errors.js";

/** The last idempotency token of a key, and what its set was answered. Kept for `idempotencyWindowMs`. */
export interface KeptToken extends IdempotencyToken {
  /** The etag that the set gave. */
  readonly etag: string;
}

/**
 * What a set with a token is to be answered without being applied: the etag that this very set gave before, or `undefined`
 * when it is a new one. `kept`: what the store holds for the key within the window, `undefined`: nothing.
 *
 * Throws `IDEMPOTENCY_TOKEN_STALE` when a newer set was applied. Pure: the store makes this check and the write one atomic
 * step. Source: `SetRequest.token`.
 */
export function replayedEtag(key: string, token: IdempotencyToken, kept: KeptToken | undefined): string | undefined {
  if (kept === undefined) return undefined;
  const order = compareIdempotencyTokens(token, kept);
  if (order < 0) throw tokenStaleError(key);
  return order === 0 ? kept.etag : undefined;
}
