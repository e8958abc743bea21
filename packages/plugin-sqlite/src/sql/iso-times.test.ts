import { expect, test } from "vitest";
import { isCalendarDate, isoOfMicros, microsOfIso } from "./iso-times.js";

test.each([
  [0n, "1970-01-01T00:00:00.000000Z"],
  [-1n, "1969-12-31T23:59:59.999999Z"],
  [1_772_323_199_123_456n, "2026-02-28T23:59:59.123456Z"],
  [-62_135_596_800_000_000n, "0001-01-01T00:00:00.000000Z"],
  [253_402_300_799_999_999n, "9999-12-31T23:59:59.999999Z"],
])("%s microseconds are %s, and back", (micros, text) => {
  expect(isoOfMicros(micros)).toBe(text);
  expect(microsOfIso(text)).toBe(micros);
});

test.each([
  ["2026-02-28 23:59:59Z", 1_772_323_199_000_000n],
  ["2026-02-28T23:59:59.5+02:00", 1_772_315_999_500_000n],
  ["1969-12-31T23:59:59.5Z", -500_000n],
])("%s is an instant too", (text, micros) => {
  expect(microsOfIso(text)).toBe(micros);
});

test.each([
  "2026-02-28T23:59:59",
  "2026-02-30T00:00:00Z",
  "2026-02-28T25:00:00Z",
  "2026-02-28T23:59:59.1234567Z",
  "2026-02-28",
  "now",
  "",
])("%j is no exact instant", (text) => {
  expect(microsOfIso(text)).toBeUndefined();
});

test.each([
  ["2024-02-29", true],
  ["2026-02-29", false],
  ["2026-1-1", false],
  ["+002026-01-01", false],
])("%s is a date of the calendar: %s", (text, expected) => {
  expect(isCalendarDate(text)).toBe(expected);
});
