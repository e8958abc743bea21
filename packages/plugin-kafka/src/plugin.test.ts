import { readFileSync } from "node:fs";
import { checkPackageDescription } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import { settingsSchema } from "./config.js";
import { kafkaPlugin } from "./plugin.js";

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), "utf8");

test("package.json says of the plugin what its definition says", () => {
  checkPackageDescription(kafkaPlugin, JSON.parse(read("package.json")));
});

test.each(Object.keys(settingsSchema.shape))("the README explains the setting %s", (setting) => {
  expect(read("README.md")).toContain(`| \`${setting}`);
});
