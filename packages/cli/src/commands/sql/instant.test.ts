import { expect, test } from "vitest";
import { rfc3339OfTimestamp, timestampOfRfc3339 } from "./instant.js";

test.each([
  ["1970-01-01T00:00:00Z", { seconds: 0n, nanos: 0 }],
  ["1969-12-31T23:59:59.999999Z", { seconds: -1n, nanos: 999_999_000 }],
  ["2026-02-28T23:59:59.1234Z", { seconds: 1_772_323_199n, nanos: 123_400_000 }],
  ["0001-01-01T00:00:00Z", { seconds: -62_135_596_800n, nanos: 0 }],
])("%s reads back as it was written", (text, time) => {
  expect(timestampOfRfc3339(text)).toEqual(time);
  expect(rfc3339OfTimestamp(time)).toBe(text);
});

test.each(["2026-02-28", "2026-02-28T23:59:59", "2026-13-01T00:00:00Z", "2026-02-28T23:59:59.1234567Z"])(
  "%s is no time",
  (text) => {
    expect(timestampOfRfc3339(text)).toBeUndefined();
  },
);
