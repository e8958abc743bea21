import * as z from "zod";

const unitBytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;
const unitMs = { ms: 1, s: 1_000, m: 60_000 } as const;

/** Room for the tables, their indexes and a few large values; less would refuse nearly every write. */
const maxBytesMin = unitBytes.MiB;

/** Far beyond what one file should hold: a larger number is a slip. */
const maxBytesMax = 16 * 1024 * unitBytes.GiB;

/** A write that waits longer than this has lost its caller. */
const busyTimeoutMsMax = 60_000;

const sizeText = /^(\d{1,15})(B|KiB|MiB|GiB)$/;
const durationText = /^(\d{1,6})(ms|s|m)$/;

const sizeBytes = z
  .union([
    z.int().positive(),
    z.string().regex(sizeText, "Must be a whole number of bytes, or one with a unit: B, KiB, MiB or GiB."),
  ])
  .transform(parseSizeBytes)
  .refine((bytes) => bytes >= maxBytesMin && bytes <= maxBytesMax, "Must be 1MiB to 16384GiB.");

const durationMs = z
  .string()
  .regex(durationText, "Must be a whole number with a unit: ms, s or m.")
  .transform(parseDurationMs)
  .refine((ms) => ms <= busyTimeoutMsMax, "Must be 0ms to 1m.");

const filePath = z
  .string()
  .min(1, "Must name a file.")
  .max(4_096, "Must be at most 4,096 characters.")
  .refine((path) => !path.includes("\0"), "Must not hold a NUL character.")
  .refine((path) => path !== ":memory:", "Must name a file; the memstore plugin keeps data in memory.");

/** The settings of a SQLite backend. */
export const settingsSchema = z.strictObject({
  path: filePath.describe(
    "The database file. A relative path starts at the folder of prism.yaml. The file and the folders above it are made when " +
      "they are missing, readable by this user only. It must be on a local disk: SQLite's locks do not work on network shares.",
  ),
  max_bytes: sizeBytes
    .optional()
    .describe(
      "The most bytes that the database file may grow to, its log not counted. A write that needs more is refused. " +
        "1MiB to 16384GiB; not set: as much as the disk holds.",
    ),
  busy_timeout: durationMs
    .prefault("5s")
    .describe(
      "How long a write waits while another process keeps the file locked, before it fails with BACKEND_UNAVAILABLE. " +
        "0ms to 1m; default 5s.",
    ),
  sql_connections: z
    .int()
    .min(2)
    .max(256)
    .default(16)
    .describe(
      "The most statements and transactions of SQL namespaces that run at once, each in a process of its own; one namespace " +
        "gets half of them. 2 to 256; default 16.",
    ),
});

function parseSizeBytes(size: number | string): number {
  if (typeof size === "number") return size;
  const [, digits, unit] = sizeText.exec(size) ?? [];
  return Number(digits) * unitBytes[unit as keyof typeof unitBytes];
}

function parseDurationMs(duration: string): number {
  const [, digits, unit] = durationText.exec(duration) ?? [];
  return Number(digits) * unitMs[unit as keyof typeof unitMs];
}
