import { GatewayError, type TransactCondition } from "@prism-data/pattern-sdk";

/** A set that wants the key to be missing met one that is there. */
export function keyExists(key: string, currentEtag: string): GatewayError {
  return new GatewayError(
    "KEY_EXISTS",
    "The key exists, and the set was to be applied only if it did not. Nothing was changed.",
    {
      metadata: { key, current_etag: currentEtag },
    },
  );
}

/** A write that wants an etag met another one, or no key. */
export function etagMismatch(key: string, currentEtag: string | undefined): GatewayError {
  const message =
    currentEtag === undefined
      ? "The key does not exist, so it does not have the etag given. Nothing was changed."
      : "The key has another etag than the one given: it was written meanwhile. Nothing was changed; read it and try again.";
  return new GatewayError("ETAG_MISMATCH", message, {
    metadata: currentEtag === undefined ? { key } : { key, current_etag: currentEtag },
  });
}

/** A set carries an older token than the last one kept for its key. */
export function tokenStale(key: string): GatewayError {
  return new GatewayError(
    "IDEMPOTENCY_TOKEN_STALE",
    "A set of this key with a newer idempotency token was already applied. This one changed nothing.",
    { metadata: { key } },
  );
}

/** A transaction's condition does not hold. */
export function conditionFailed(index: number, condition: TransactCondition): GatewayError {
  return new GatewayError(
    "CONDITION_FAILED",
    `Condition ${index} of the transaction does not hold. Nothing was changed.`,
    {
      metadata: { index: String(index), key: condition.key },
    },
  );
}

/** An increment met a value that is no decimal int64. */
export function notACounter(key: string): GatewayError {
  return new GatewayError(
    "NOT_A_COUNTER",
    "The value is not a decimal signed 64-bit integer, so it cannot be incremented. Nothing was changed.",
    { metadata: { key } },
  );
}

/** An increment would leave the range of int64. */
export function counterOverflow(key: string): GatewayError {
  return new GatewayError("COUNTER_OVERFLOW", "The sum does not fit a signed 64-bit integer. Nothing was changed.", {
    metadata: { key },
  });
}

/** A write needs more room than is left. */
export function capacityExhausted(room: { neededBytes: number; freeBytes: number; maxBytes: number }): GatewayError {
  const { neededBytes, freeBytes, maxBytes } = room;
  return new GatewayError(
    "CAPACITY_EXHAUSTED",
    `The write needs ${neededBytes} bytes and ${freeBytes} of ${maxBytes} are free. Nothing was changed. ` +
      "Delete keys, give them a time to live, or raise max_bytes in the backend's settings.",
    { metadata: { needed_bytes: String(neededBytes), free_bytes: String(freeBytes), max_bytes: String(maxBytes) } },
  );
}

/** The bound is above what the process could hold. */
export function boundBeyondHeap(maxBytes: number, heapShareBytes: number): GatewayError {
  const description = `is ${maxBytes} bytes, and the heap of the plugin's process can hold ${heapShareBytes}`;
  return new GatewayError(
    "INVALID_SETTINGS",
    `max_bytes ${description}. Give less, or run on a machine with more memory.`,
    {
      fieldViolations: [{ field: "max_bytes", description }],
    },
  );
}
