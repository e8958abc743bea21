import { describe, expect, test } from "vitest";
import { durationFromMs, msFromDuration, msFromTimestamp, timestampFromMs } from "./wire-time.js";

describe("a duration", () => {
  test.each([
    [0, 0n, 0],
    [1, 0n, 1_000_000],
    [1500, 1n, 500_000_000],
    [-1500, -1n, -500_000_000],
    [0.25, 0n, 250_000],
    [315_576_000_000, 315_576_000n, 0],
  ])("of %d ms is %d s and %d ns, and back", (durationMs, seconds, nanos) => {
    expect(durationFromMs(durationMs)).toEqual({ seconds, nanos });
    expect(msFromDuration({ seconds, nanos })).toBe(durationMs);
  });
});

describe("a timestamp", () => {
  test.each([
    [0, 0n, 0],
    [1_700_000_000_123, 1_700_000_000n, 123_000_000],
    [-1, -1n, 999_000_000],
  ])("of %d ms is %d s and %d ns, and back", (epochMs, seconds, nanos) => {
    expect(timestampFromMs(epochMs)).toEqual({ seconds, nanos });
    expect(msFromTimestamp({ seconds, nanos })).toBe(epochMs);
  });
});
