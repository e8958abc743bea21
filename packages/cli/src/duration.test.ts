import { describe, expect, test } from "vitest";
import { parseDuration } from "./duration.js";

describe("parseDuration", () => {
  test.each([
    ["250ms", 250],
    ["5s", 5_000],
    ["10m", 600_000],
    ["24h", 86_400_000],
    ["7d", 604_800_000],
  ])("%s is %d ms", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each(["", "5", "s", "0s", "-5s", "1.5s", "5 s", "5S", "3651d"])(
    "%j is refused with the forms that are known",
    (text) => {
      expect(() => parseDuration(text)).toThrow("250ms, 5s, 10m, 24h or 7d");
    },
  );
});
