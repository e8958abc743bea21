import type { IdempotencyToken } from "../protocol/gen/prism/idempotency/v1/token.js";

/** 1 January 2026, 00:00 UTC, in µs since the Unix epoch. */
const baseMicros = 1_767_225_600_000_000n;

/** A token of `micros` µs after a fixed time. */
export function tokenAt(micros: number, nonce: string | Uint8Array = "nonce"): IdempotencyToken {
  const timeMicros = baseMicros + BigInt(micros);
  const time = { seconds: timeMicros / 1_000_000n, nanos: Number(timeMicros % 1_000_000n) * 1_000 };
  return { time, nonce: typeof nonce === "string" ? Buffer.from(nonce) : nonce };
}
