import { readFileSync } from "node:fs";
import { checkPackageDescription } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import { settingsSchema } from "./config.js";
import { natsPlugin } from "./plugin.js";

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

test("package.json says of the plugin what its definition says", () => {
  checkPackageDescription(natsPlugin, JSON.parse(read("package.json")));
});

test.each(Object.keys(settingsSchema.shape))("the README explains the setting %s", (setting) => {
  expect(read("README.md")).toMatch(new RegExp(`^\\| .*\`${setting}\``, "m"));
});

test.each([
  ["no URL", { url: "127.0.0.1" }],
  ["another protocol", { url: "redis://127.0.0.1" }],
  ["a password in the URL", { url: "nats://prism:secret@127.0.0.1" }],
  ["a path in the URL", { url: "nats://127.0.0.1/0" }],
  ["a user without a password", { url: "nats://127.0.0.1", username: "prism" }],
  ["a token beside a user", { url: "nats://127.0.0.1", username: "prism", password: "p", token: "t" }],
  ["a prefix of two tokens", { url: "nats://127.0.0.1", subject_prefix: "a.b" }],
  ["a setting that there is not", { url: "nats://127.0.0.1", urls: [] }],
])("settings with %s are refused", (_, settings) => {
  expect(settingsSchema.safeParse(settings).success).toBe(false);
});
