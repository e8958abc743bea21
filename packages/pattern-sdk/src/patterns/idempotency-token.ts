/**
 * Identifies one write, so that repeating it changes nothing. Ordered by `timeMicros`, then by `nonce` compared as bytes.
 * Source: `prism.idempotency.v1.IdempotencyToken`.
 */
export interface IdempotencyToken {
  /** When the app first tried the write, in µs since the Unix epoch. */
  readonly timeMicros: bigint;
  /** 1 to 16 random bytes. */
  readonly nonce: Uint8Array;
}

/** How long at least a store keeps the last token of a key and the answer to it, in ms: one hour. */
export const idempotencyWindowMs = 3_600_000;

const timeBytes = 8;

/** Turned, it makes negative times sort before positive ones when they are compared as unsigned. */
const signBit = 1n << 63n;

/**
 * Compares two tokens by time, then by nonce as bytes: below 0 when `a` is older, 0 when both are the same, above 0 when `a`
 * is newer. Pure. Source: `prism.idempotency.v1.IdempotencyToken`.
 */
export function compareIdempotencyTokens(a: IdempotencyToken, b: IdempotencyToken): number {
  if (a.timeMicros !== b.timeMicros) return a.timeMicros < b.timeMicros ? -1 : 1;
  return Buffer.compare(a.nonce, b.nonce);
}

/**
 * A token as bytes whose order is the tokens' order, for data systems that compare bytes: 9 to 24 of them, the time as a
 * big-endian 64-bit integer with its sign bit turned, then the nonce. Their text in hex is in that order too.
 *
 * The layout does not change, so the bytes may be stored. Pure.
 */
export function orderedTokenBytes({ timeMicros, nonce }: IdempotencyToken): Buffer {
  const bytes = Buffer.allocUnsafe(timeBytes + nonce.length);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, timeMicros) ^ signBit);
  bytes.set(nonce, timeBytes);
  return bytes;
}
