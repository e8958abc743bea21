import { describe, expect, test } from "vitest";
import { compareIdempotencyTokens, type IdempotencyToken, orderedTokenBytes } from "./idempotency-token.js";

const now = 1_767_225_600_000_000n;

/** From the oldest to the newest. */
const inOrder = [
  { timeMicros: -62_135_596_800_000_000n, nonce: Buffer.of(9) },
  { timeMicros: -1n, nonce: Buffer.of(255) },
  { timeMicros: 0n, nonce: Buffer.of(0) },
  { timeMicros: now, nonce: Buffer.of(1) },
  { timeMicros: now, nonce: Buffer.of(1, 0) },
  { timeMicros: now, nonce: Buffer.of(1, 255) },
  { timeMicros: now, nonce: Buffer.of(2) },
  { timeMicros: now, nonce: Buffer.of(128) },
  { timeMicros: now + 1n, nonce: Buffer.of(0) },
  { timeMicros: 253_402_300_799_999_999n, nonce: Buffer.alloc(16, 255) },
];

const pairs = inOrder.flatMap((a, ofA) => inOrder.map((b, ofB) => ({ a, b, order: Math.sign(ofA - ofB) })));

describe("tokens are ordered by time to the microsecond, then by nonce as bytes", () => {
  test.each([
    ["themselves", compareIdempotencyTokens],
    ["their bytes", (a, b) => Buffer.compare(orderedTokenBytes(a), orderedTokenBytes(b))],
    ["their bytes in hex", (a, b) => compareText(hexOf(a), hexOf(b))],
  ] satisfies [string, typeof compareIdempotencyTokens][])("by %s", (_, compare) => {
    expect(pairs.filter(({ a, b, order }) => Math.sign(compare(a, b)) !== order)).toEqual([]);
  });
});

function hexOf(token: IdempotencyToken): string {
  return orderedTokenBytes(token).toString("hex");
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
