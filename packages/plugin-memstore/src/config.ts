import * as z from "zod";

const unitBytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

/** Enough for a few large values; less would refuse nearly every write. */
const maxBytesMin = 64 * unitBytes.KiB;

/** A JavaScript Map takes 2^24 entries; with what each entry counts at least, it cannot be full below this. */
const maxBytesMax = 8 * unitBytes.GiB;

const sizeText = /^(\d{1,12})(B|KiB|MiB|GiB)$/;

const sizeBytes = z
  .union([
    z.int().min(maxBytesMin).max(maxBytesMax),
    z.string().regex(sizeText, "Must be a whole number of bytes, or one with a unit: B, KiB, MiB or GiB."),
  ])
  .transform(parseSizeBytes)
  .refine((bytes) => bytes >= maxBytesMin && bytes <= maxBytesMax, "Must be 64KiB to 8GiB.");

/** The settings of a memstore backend. */
export const settingsSchema = z.strictObject({
  max_bytes: sizeBytes
    .default(256 * unitBytes.MiB)
    .describe(
      "The most bytes to hold: keys, values and 512 bytes for each key. A write that would exceed it is refused. " +
        "64KiB to 8GiB, and no more than three quarters of the heap that Node.js allows its process; default 256MiB.",
    ),
});

function parseSizeBytes(size: number | string): number {
  if (typeof size === "number") return size;
  const [, digits, unit] = sizeText.exec(size) ?? [];
  return Number(digits) * unitBytes[unit as keyof typeof unitBytes];
}
