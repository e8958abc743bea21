import * as z from "zod";

const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

const bytesPerUnit = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

const durationPattern = /^(\d{1,15})(ms|s|m|h)$/;
const sizePattern = /^(\d{1,15})(B|KiB|MiB|GiB)$/;

/** What a duration among the options of a namespace may be, as the operator writes it, such as `30s`. */
export interface DurationOption {
  /** What it means, for people. */
  readonly description: string;
  readonly min: string;
  readonly max: string;
  /** What it is a whole multiple of. Default: `1ms`. */
  readonly grain?: string;
}

/** The schema of a duration: text such as `250ms`, `5s` or `24h` in, milliseconds out. */
export function durationOption({ description, min, max, grain = "1ms" }: DurationOption) {
  const [minMs, maxMs, grainMs] = [msOf(min), msOf(max), msOf(grain)];
  return z
    .string("must be written like 250ms, 5s or 24h")
    .regex(durationPattern, "must be written like 250ms, 5s or 24h")
    .transform(msOf)
    .refine((durationMs) => durationMs >= minMs && durationMs <= maxMs, `must be from ${min} to ${max}`)
    .refine((durationMs) => durationMs % grainMs === 0, `must be a whole multiple of ${grain}`)
    .meta({ description, "x-bounds": `${min} to ${max}` });
}

/** What a size among the options of a namespace may be, as the operator writes it, such as `64MiB`. */
export interface SizeOption {
  /** What it means, for people. */
  readonly description: string;
  readonly min: string;
  readonly max: string;
}

/** The schema of a size: text such as `64KiB` or `4MiB` in, bytes out. */
export function sizeOption({ description, min, max }: SizeOption) {
  const [minBytes, maxBytes] = [bytesOf(min), bytesOf(max)];
  return z
    .string("must be written like 64KiB or 4MiB")
    .regex(sizePattern, "must be written like 64KiB or 4MiB")
    .transform(bytesOf)
    .refine((sizeBytes) => sizeBytes >= minBytes && sizeBytes <= maxBytes, `must be from ${min} to ${max}`)
    .meta({ description, "x-bounds": `${min} to ${max}` });
}

/** The milliseconds of a duration that the schema has checked. */
export function msOf(text: string): number {
  const [, digits, unit] = durationPattern.exec(text) ?? [];
  return Number(digits) * millisecondsPerUnit[unit as keyof typeof millisecondsPerUnit];
}

/** The bytes of a size that the schema has checked. */
export function bytesOf(text: string): number {
  const [, digits, unit] = sizePattern.exec(text) ?? [];
  return Number(digits) * bytesPerUnit[unit as keyof typeof bytesPerUnit];
}
