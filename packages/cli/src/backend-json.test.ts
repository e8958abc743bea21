import { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { pluginJson } from "./backend-json.js";

const pattern: pluginv1.PatternDescription = {
  pattern: "key-value",
  capabilities: ["ttl"],
  limits: { value_bytes_max: 1_000n },
  durability: pluginv1.Durability.UNSPECIFIED,
  countsStorage: false,
  optionsSchema: "",
};
const plugin: pluginv1.DescribeResponse = {
  name: "tiny",
  version: "1.0.0",
  patterns: [pattern],
  durability: pluginv1.Durability.BACKEND,
  settingsSchema: '{"type":"object"}',
  services: [],
  fileDescriptorSet: Buffer.from("not shown"),
  replicable: true,
};

test("a plugin is shown with its schemas as JSON, and without its descriptors", () => {
  expect(pluginJson(plugin)).toEqual({
    name: "tiny",
    version: "1.0.0",
    patterns: [{ pattern: "key-value", capabilities: ["ttl"], limits: { value_bytes_max: 1_000 } }],
    durability: "backend",
    settingsSchema: { type: "object" },
    services: [],
    replicable: true,
  });
});

test("a pattern is shown with its own durability and with the options that it takes", () => {
  const own = { ...pattern, durability: pluginv1.Durability.EPHEMERAL, optionsSchema: '{"type":"object"}' };
  expect(pluginJson({ ...plugin, patterns: [own] }).patterns).toEqual([
    expect.objectContaining({ durability: "ephemeral", optionsSchema: { type: "object" } }),
  ]);
});
