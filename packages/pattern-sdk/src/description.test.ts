import { describe, expect, test } from "vitest";
import * as z from "zod";
import { definePlugin } from "./define-plugin.js";
import { checkPackageDescription, describePlugin, packageDescription } from "./description.js";

const plugin = definePlugin({
  name: "tiny",
  version: "1.2.3",
  durability: "disk",
  settings: z.strictObject({
    path: z.string().describe("The file."),
    sync: z.enum(["full", "normal"]).default("full"),
    password: z
      .string()
      .transform((text) => ({ reveal: () => text }))
      .optional(),
  }),
  patterns: { "key-value": { capabilities: ["ordered_scan", "ttl"], limits: { ttlGrainMs: 10 } } },
  open: () => ({ close: () => undefined }),
});

const packageJson = () => ({
  version: "1.2.3",
  prism: JSON.parse(JSON.stringify(packageDescription(plugin))) as Record<string, unknown>,
});

test("a plugin is described without being opened", () => {
  expect(describePlugin(plugin)).toEqual({
    contract: { min: 1, max: 1 },
    name: "tiny",
    version: "1.2.3",
    durability: "disk",
    patterns: {
      "key-value": {
        capabilities: ["ttl", "scan", "ordered_scan"],
        limits: { value_bytes_max: 3_145_728, ttl_grain_ms: 10 },
      },
    },
    settings: {
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: {
        path: { type: "string", description: "The file." },
        sync: { type: "string", enum: ["full", "normal"], default: "full" },
        password: { type: "string" },
      },
      required: ["path"],
      additionalProperties: false,
    },
  });
});

describe("a package.json", () => {
  test("that says the same is accepted", () => {
    expect(() => checkPackageDescription(plugin, packageJson())).not.toThrow();
  });

  test.each<[string, (json: ReturnType<typeof packageJson>) => void, string]>([
    ["another version", (json) => Object.assign(json, { version: "1.2.4" }), "in version."],
    ["another durability", (json) => Object.assign(json.prism, { durability: "backend" }), "in prism.durability."],
    ["a capability more", (json) => Object.assign(json.prism, { patterns: {} }), "in prism.patterns."],
    ["an unknown key", (json) => Object.assign(json.prism, { extra: 1 }), "in prism.extra."],
    ["a version under prism", (json) => Object.assign(json.prism, { version: "1.2.3" }), "in prism.version."],
    ["nothing under prism", (json) => Object.assign(json, { prism: undefined }), "prism.contract, prism.name"],
  ])("with %s is refused and told what to write", (_, change, difference) => {
    const json = packageJson();
    change(json);
    expect(() => checkPackageDescription(plugin, json)).toThrow(difference);
    expect(() => checkPackageDescription(plugin, json)).toThrow('"durability": "disk"');
  });
});
