import { describe, expect, test } from "vitest";
import { isDate, isLocalTimestamp, isTime } from "./date-texts.js";

describe("dates and times as texts", () => {
  test.each([
    ["2026-02-28", true],
    ["2024-02-29", true],
    ["0001-01-01", true],
    ["9999-12-31", true],
    ["infinity", true],
    ["-infinity", true],
    ["2026-02-29", false],
    ["2026-04-31", false],
    ["2026-13-01", false],
    ["2026-00-01", false],
    ["0000-01-01", false],
    ["10000-01-01", false],
    ["2026-1-1", false],
    ["2026-01-01 ", false],
    ["", false],
  ])("%j is a date: %s", (text, expected) => {
    expect(isDate(text)).toBe(expected);
  });

  test.each([
    ["00:00:00", true],
    ["23:59:59.123456", true],
    ["12:00:00.1+02:00", true],
    ["12:00:00-15:59", true],
    ["24:00:00", false],
    ["12:60:00", false],
    ["12:00:60", false],
    ["12:00", false],
    ["12:00:00.", false],
    ["12:00:00.1234567", false],
    ["12:00:00+16:00", false],
    ["12:00:00Z", false],
  ])("%j is a time of day: %s", (text, expected) => {
    expect(isTime(text)).toBe(expected);
  });

  test.each([
    ["2026-02-28T23:59:59.123456", true],
    ["infinity", true],
    ["2026-02-28 23:59:59", false],
    ["2026-02-29T00:00:00", false],
    ["2026-02-28T24:00:00", false],
    ["2026-02-28T12:00:00+02:00", false],
    ["2026-02-28T12:00:00Z", false],
  ])("%j is a date and time without a zone: %s", (text, expected) => {
    expect(isLocalTimestamp(text)).toBe(expected);
  });
});
