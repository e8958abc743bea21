import { expect, test } from "vitest";
import { durationSetting, sizeSetting, textSetting } from "./setting-values.js";
import { tlsSettings } from "./tls-settings.js";

const timeout = durationSetting({ min: "100ms", max: "1m" });
const size = sizeSetting({ min: "64KiB", max: "8GiB" });

test.each([
  [timeout, "100ms", 100],
  [timeout, "2s", 2_000],
  [timeout, "1m", 60_000],
  [size, "64KiB", 65_536],
  [size, 1_048_576, 1_048_576],
  [size, "8GiB", 8_589_934_592],
] as const)("%# a setting is what the operator wrote", (schema, written, parsed) => {
  expect(schema.parse(written)).toBe(parsed);
});

test.each([
  [timeout, "99ms", "Must be 100ms to 1m."],
  [timeout, "2m", "Must be 100ms to 1m."],
  [timeout, "2 s", "Must be a whole number with a unit: ms, s or m."],
  [size, "63KiB", "Must be 64KiB to 8GiB."],
  [size, 1, "Must be 64KiB to 8GiB."],
  [textSetting, "", "Must not be empty."],
  [textSetting, "x".repeat(1_025), "Must be at most 1024 characters."],
] as const)("%# one that cannot be is refused with what may be", (schema, written, message) => {
  expect(schema.safeParse(written).error?.issues.map((issue) => issue.message)).toEqual([message]);
});

test("a certificate and its key need each other", () => {
  expect(tlsSettings.safeParse({ cert_file: "a.pem" }).error?.issues).toMatchObject([{ path: ["cert_file"] }]);
  expect(tlsSettings.safeParse({ cert_file: "a.pem", key_file: "a.key" }).success).toBe(true);
});
