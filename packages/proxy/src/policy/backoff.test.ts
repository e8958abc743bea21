import { expect, test } from "vitest";
import { backoffDelayMs } from "./backoff.js";

const backoff = { firstMs: 100, maxMs: 30_000 };

test.each([
  { name: "the first attempt waits at most the first delay", attempt: 0, random: 0.999_999, delayMs: 100 },
  { name: "the second at most twice that", attempt: 1, random: 0.999_999, delayMs: 200 },
  { name: "half the random number is half the delay", attempt: 2, random: 0.5, delayMs: 200 },
  { name: "jitter goes down to nothing", attempt: 5, random: 0, delayMs: 0 },
  { name: "the bound is reached and held", attempt: 9, random: 0.999_999, delayMs: 30_000 },
  { name: "thousands of attempts do not overflow", attempt: 5_000, random: 0.5, delayMs: 15_000 },
])("$name", ({ attempt, random, delayMs }) => {
  expect(backoffDelayMs(attempt, backoff, () => random)).toBe(delayMs);
});
