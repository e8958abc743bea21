import type { idempotency } from "@prism-data/pattern-sdk/protocol";
import { InvalidArgumentError } from "commander";

const nonceBytesMax = 16;

/**
 * Reads `TIME/NONCE`, such as `2026-01-31T10:00:00.000001Z/order-17`: when the write was first tried (UTC, to the microsecond at
 * most), and 1 to 16 bytes of text that tell writes of the same instant apart.
 */
export function parseIdempotencyToken(text: string): idempotency.IdempotencyToken {
  const [, wholeSeconds, fraction = "", nonceText = ""] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z\/(.+)$/su.exec(text) ?? [];
  const timeMs = Date.parse(`${wholeSeconds}Z`);
  const nonce = new TextEncoder().encode(nonceText);
  if (Number.isNaN(timeMs) || nonce.length > nonceBytesMax) {
    throw new InvalidArgumentError(
      "Write TIME/NONCE, such as 2026-01-31T10:00:00.000001Z/order-17, with a nonce of 1 to 16 bytes.",
    );
  }
  return { time: { seconds: BigInt(timeMs / 1_000), nanos: Number(fraction.padEnd(9, "0")) }, nonce };
}
