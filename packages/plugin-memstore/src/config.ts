import { sizeSetting } from "@prism-data/pattern-sdk";
import * as z from "zod";

/** Of the settings that do not say it. */
const maxBytesDefault = 256 * 2 ** 20;

/**
 * Less would refuse nearly every write. A JavaScript Map takes 2^24 entries; with what each entry counts at least, it cannot be full
 * below the most.
 */
const bounds = { min: "64KiB", max: "8GiB" };

/** The settings of a memstore backend. */
export const settingsSchema = z.strictObject({
  max_bytes: sizeSetting(bounds)
    .default(maxBytesDefault)
    .describe(
      "The most bytes to hold: keys, values and 512 bytes for each key. A write that would exceed it is refused. " +
        "64KiB to 8GiB, and no more than three quarters of the heap that Node.js allows its process; default 256MiB.",
    ),
});
