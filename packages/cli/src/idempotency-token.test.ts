import { describe, expect, test } from "vitest";
import { parseIdempotencyToken } from "./idempotency-token.js";

describe("parseIdempotencyToken", () => {
  test.each([
    ["2026-01-31T10:00:00Z/order-17", 1_769_853_600n, 0, "order-17"],
    ["2026-01-31T10:00:00.000001Z/a/b", 1_769_853_600n, 1_000, "a/b"],
    ["2026-01-31T10:00:00.5Z/0123456789abcdef", 1_769_853_600n, 500_000_000, "0123456789abcdef"],
  ])("%s is read", (text, seconds, nanos, nonce) => {
    expect(parseIdempotencyToken(text)).toEqual({ time: { seconds, nanos }, nonce: new TextEncoder().encode(nonce) });
  });

  test.each([
    "order-17",
    "2026-01-31T10:00:00Z/",
    "2026-01-31T10:00:00/n",
    "2026-13-31T10:00:00Z/n",
    "2026-01-31T10:00:00.0000001Z/n",
    "2026-01-31T10:00:00Z/0123456789abcdefg",
    "2026-01-31T10:00:00Z/ééééééééé",
  ])("%s is refused with an example", (text) => {
    expect(() => parseIdempotencyToken(text)).toThrow("TIME/NONCE");
  });
});
