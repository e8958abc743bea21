import { durationSetting, sizeSetting } from "@prism-data/pattern-sdk";
import * as z from "zod";

/** Less has no room for the tables, their indexes and a few large values; far more than one file should hold is a slip. */
const maxBytes = sizeSetting({ min: "1MiB", max: "16384GiB" });

/** A write that waits longer than this has lost its caller. */
const busyTimeout = durationSetting({ min: "0ms", max: "1m" });

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
  max_bytes: maxBytes
    .optional()
    .describe(
      "The most bytes that the database file may grow to, its log not counted. A write that needs more is refused. " +
        "1MiB to 16384GiB; not set: as much as the disk holds.",
    ),
  busy_timeout: busyTimeout
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
