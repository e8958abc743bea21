import { expect, test } from "vitest";
import { settingsSchema } from "./config.js";

test.each<[unknown, number]>([
  [{}, 268_435_456],
  [{ max_bytes: 100_000 }, 100_000],
  [{ max_bytes: "65536B" }, 65_536],
  [{ max_bytes: "64KiB" }, 65_536],
  [{ max_bytes: "3MiB" }, 3_145_728],
  [{ max_bytes: "1GiB" }, 1_073_741_824],
])("%j means %i bytes", (settings, maxBytes) => {
  expect(settingsSchema.parse(settings)).toEqual({ max_bytes: maxBytes });
});

test.each<[unknown]>([
  [{ max_bytes: 0 }],
  [{ max_bytes: -1 }],
  [{ max_bytes: 1.5 }],
  [{ max_bytes: "64" }],
  [{ max_bytes: "64 MiB" }],
  [{ max_bytes: "64MB" }],
  [{ max_bytes: "999999GiB" }],
  [{ max_byte: "64MiB" }],
])("%j is refused", (settings) => {
  expect(settingsSchema.safeParse(settings).success).toBe(false);
});
