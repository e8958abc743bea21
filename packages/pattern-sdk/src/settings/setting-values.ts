import * as z from "zod";
import { bytesOf, msOf } from "../patterns/option-values.js";

/** A file name, host name, user or password longer than this is a slip. */
const textCharsMax = 1_024;

/** The least and the most that a setting may be, as the operator writes it, both included. */
export interface SettingBounds {
  readonly min: string;
  readonly max: string;
}

/** The schema of a text among the settings of a backend: 1 to 1,024 characters. */
export const textSetting = z
  .string()
  .min(1, "Must not be empty.")
  .max(textCharsMax, `Must be at most ${textCharsMax} characters.`);

/** The schema of a duration among the settings of a backend: text such as `250ms`, `5s` or `1m` in, milliseconds out. */
export function durationSetting({ min, max }: SettingBounds) {
  return z
    .string()
    .regex(/^(\d{1,6})(ms|s|m)$/, "Must be a whole number with a unit: ms, s or m.")
    .transform(msOf)
    .refine((ms) => ms >= msOf(min) && ms <= msOf(max), `Must be ${min} to ${max}.`);
}

/** How long a plugin waits for a server: a shorter wait gives up on one that is merely busy, and a longer one has lost its caller. */
export const serverTimeoutSetting = durationSetting({ min: "100ms", max: "1m" });

/** The schema of a size among the settings of a backend: bytes, or text such as `64KiB`, `4MiB` or `8GiB`, in, bytes out. */
export function sizeSetting({ min, max }: SettingBounds) {
  return z
    .union([
      z.int().positive(),
      z
        .string()
        .regex(
          /^(\d{1,15})(B|KiB|MiB|GiB)$/,
          "Must be a whole number of bytes, or one with a unit: B, KiB, MiB or GiB.",
        ),
    ])
    .transform((size) => (typeof size === "number" ? size : bytesOf(size)))
    .refine((bytes) => bytes >= bytesOf(min) && bytes <= bytesOf(max), `Must be ${min} to ${max}.`);
}
