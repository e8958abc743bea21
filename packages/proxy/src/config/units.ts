import * as z from "zod";

const millisecondsPerUnit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const bytesPerUnit = { B: 1, KiB: 1_024, MiB: 1_048_576, GiB: 1_073_741_824 } as const;

const durationPattern = /^(\d{1,15})(ms|s|m|h)$/;
const sizePattern = /^(\d{1,15})(B|KiB|MiB|GiB)$/;

/** The milliseconds of a duration such as `250ms`, `5s`, `24h`; `undefined` when it is not one. */
export function parseDuration(text: string): number | undefined {
  const [, digits, unit] = durationPattern.exec(text) ?? [];
  return digits === undefined
    ? undefined
    : Number(digits) * millisecondsPerUnit[unit as keyof typeof millisecondsPerUnit];
}

/** The bytes of a size such as `64KiB`, `4MiB`; `undefined` when it is not one. */
export function parseSize(text: string): number | undefined {
  const [, digits, unit] = sizePattern.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * bytesPerUnit[unit as keyof typeof bytesPerUnit];
}

/** What a schema of a bounded quantity is made from; all values as the operator writes them. */
interface OptionalQuantity {
  readonly description: string;
  readonly min: string;
  readonly max: string;
}

interface Quantity extends OptionalQuantity {
  readonly default: string;
}

/** How a kind of quantity is written. */
interface Kind {
  readonly parse: (text: string) => number | undefined;
  readonly pattern: RegExp;
  readonly example: string;
}

const durations: Kind = { parse: parseDuration, pattern: durationPattern, example: "250ms, 5s or 24h" };
const sizes: Kind = { parse: parseSize, pattern: sizePattern, example: "64KiB or 4MiB" };

/** The schema of a duration: text in, milliseconds out. */
export function duration(quantity: Quantity) {
  return quantitySchema(quantity, durations).prefault(quantity.default).meta(metaOf(quantity));
}

/** The schema of a size: text in, bytes out. */
export function size(quantity: Quantity) {
  return quantitySchema(quantity, sizes).prefault(quantity.default).meta(metaOf(quantity));
}

/** The same for a size that may be left out. */
export function optionalSize(quantity: OptionalQuantity) {
  return quantitySchema(quantity, sizes).optional().meta(metaOf(quantity));
}

function metaOf({ description, min, max }: OptionalQuantity) {
  return { description, "x-bounds": `${min} to ${max}` };
}

function quantitySchema(quantity: OptionalQuantity, kind: Kind) {
  const min = kind.parse(quantity.min) ?? 0;
  const max = kind.parse(quantity.max) ?? 0;
  const malformed = `must be written like ${kind.example}`;
  return z
    .string(malformed)
    .regex(kind.pattern, malformed)
    .transform((text) => kind.parse(text) ?? 0)
    .refine((value) => value >= min && value <= max, `must be from ${quantity.min} to ${quantity.max}`);
}
