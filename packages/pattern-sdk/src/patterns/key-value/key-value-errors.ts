import { GatewayError } from "../../errors.js";

/** `KEY_EXISTS`: a set that wants the key to be missing met one that is there. Metadata `key`, `current_etag`. Never throws. */
export function keyExistsError({ key, currentEtag }: { key: string; currentEtag: string }): GatewayError {
  return new GatewayError(
    "KEY_EXISTS",
    "The key exists, and the set was to be applied only if it did not. Nothing was changed.",
    { metadata: { key, current_etag: currentEtag } },
  );
}

/**
 * `ETAG_MISMATCH`: a write that wants an etag met another one, or no key (`currentEtag` is `undefined`). Metadata `key`, and
 * `current_etag` if there is one. Never throws.
 */
export function etagMismatchError(met: { key: string; currentEtag: string | undefined }): GatewayError {
  const { key, currentEtag } = met;
  if (currentEtag === undefined) {
    const message = "The key does not exist, so it does not have the etag given. Nothing was changed.";
    return new GatewayError("ETAG_MISMATCH", message, { metadata: { key } });
  }
  const message =
    "The key has another etag than the one given: it was written meanwhile. Nothing was changed; read it and try again.";
  return new GatewayError("ETAG_MISMATCH", message, { metadata: { key, current_etag: currentEtag } });
}

/**
 * `IDEMPOTENCY_TOKEN_STALE`: a set carries an older token than the last one kept for its key. Metadata `key`. Never throws.
 */
export function tokenStaleError(key: string): GatewayError {
  return new GatewayError(
    "IDEMPOTENCY_TOKEN_STALE",
    "A set of this key with a newer idempotency token was already applied. This one changed nothing.",
    { metadata: { key } },
  );
}

/**
 * `CONDITION_FAILED`: the condition at `index`, from 0, of a transaction does not hold for `key`. Metadata `index`, `key`.
 * Never throws.
 */
export function conditionFailedError({ index, key }: { index: number; key: string }): GatewayError {
  const message = `Condition ${index} of the transaction does not hold. Nothing was changed.`;
  return new GatewayError("CONDITION_FAILED", message, { metadata: { index: String(index), key } });
}

/** `NOT_A_COUNTER`: an increment met a value that is no counter. Metadata `key`. Never throws. */
export function notACounterError(key: string): GatewayError {
  return new GatewayError(
    "NOT_A_COUNTER",
    "The value is not a decimal signed 64-bit integer, so it cannot be incremented. Nothing was changed.",
    { metadata: { key } },
  );
}

/** `COUNTER_OVERFLOW`: an increment would leave the range of int64. Metadata `key`. Never throws. */
export function counterOverflowError(key: string): GatewayError {
  return new GatewayError("COUNTER_OVERFLOW", "The sum does not fit a signed 64-bit integer. Nothing was changed.", {
    metadata: { key },
  });
}

/**
 * `MESSAGE_TOO_LARGE`: the error of one key of a batch, for a store that stops reading when the entries before it fill the
 * answer. Metadata `key`. Never throws.
 */
export function answerFullError(key: string): GatewayError {
  return new GatewayError(
    "MESSAGE_TOO_LARGE",
    "The answers before this one fill the message. Ask for this key again, with fewer others.",
    { metadata: { key } },
  );
}
