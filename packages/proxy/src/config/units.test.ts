import { expect, test } from "vitest";
import { parseDuration, parseSize } from "./units.js";

test.each([
  ["250ms", 250],
  ["5s", 5_000],
  ["2m", 120_000],
  ["24h", 86_400_000],
  ["0s", 0],
  ["5", undefined],
  ["1.5s", undefined],
  ["-1s", undefined],
  ["5 s", undefined],
  ["", undefined],
])("the duration %j is %s ms", (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs);
});

test.each([
  ["0B", 0],
  ["64KiB", 65_536],
  ["4MiB", 4_194_304],
  ["1GiB", 1_073_741_824],
  ["64KB", undefined],
  ["64", undefined],
])("the size %j is %s bytes", (text, sizeBytes) => {
  expect(parseSize(text)).toBe(sizeBytes);
});
