import { InvalidArgumentError } from "commander";

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The longest time to live that the API takes; no option needs more. */
const tenYearsMs = 10 * 365 * 24 * 3_600_000;

/** Reads an option's duration, such as `250ms`, `5s` or `24h`, into milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit] = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text) ?? [];
  const durationMs = Number(amount) * (unitsMs[unit ?? ""] ?? Number.NaN);
  if (durationMs > 0 && durationMs <= tenYearsMs) return durationMs;
  throw new InvalidArgumentError("Write a duration as 250ms, 5s, 10m, 24h or 7d; more than 0, at most 10 years.");
}
