import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settingsProblems } from "./plugin-settings.js";

const schema = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  properties: {
    url: { type: "string", minLength: 1, description: "Where the server is." },
    timeout: { type: "string", pattern: "^\\d+(ms|s)$", default: "2s", description: "How long; 100ms to 1m." },
    pool: { type: "integer", minimum: 1, maximum: 64 },
    tls: { type: "object", properties: { ca_file: { type: "string" } }, additionalProperties: false },
  },
  required: ["url"],
  additionalProperties: false,
};

describe("the settings of a backend, by the schema in its plugin's package", () => {
  test.each<[string, unknown, string[]]>([
    ["all right", { url: "redis://a", timeout: "5s", pool: 4, tls: { ca_file: "ca.pem" } }, []],
    ["a misspelt key", { url: "a", polo: 4 }, ['polo: is not a known key; did you mean "pool"?']],
    [
      "a misspelt key inside",
      { url: "a", tls: { cafile: "" } },
      ['tls.cafile: is not a known key; did you mean "ca_file"?'],
    ],
    ["nothing that is required", {}, ["url: is required"]],
    ["a number for a text", { url: 6379 }, ["url: must be text, not a number"]],
    [
      "a value of another form",
      { url: "a", timeout: "5" },
      ["timeout: is not what it should be: How long; 100ms to 1m."],
    ],
    ["a number beyond its bounds", { url: "a", pool: 65 }, ["pool: Too big: expected number to be <=64"]],
    ["three mistakes at once", { pool: "4", polo: 1 }, ["polo", "pool", "url"]],
  ])("are told apart: %s", (_name, settings, expected) => {
    const found = settingsProblems(settings, schema).map(({ keys, message }) => `${keys.join(".")}: ${message}`);
    expect(found.toSorted()).toEqual(expected.map((text) => expect.stringContaining(text)));
  });

  test.each([
    ["none", undefined],
    ["no object", "a schema"],
    ["one that is not understood", { $ref: "https://example.com/elsewhere.json" }],
  ])("are left to the running plugin when the schema is %s", (_name, other) => {
    expect(settingsProblems({ anything: 1 }, other)).toEqual([]);
  });

  test.each(["memstore", "sqlite", "redis"])("of %s are understood", (plugin) => {
    const url = new URL(`../../../plugin-${plugin}/package.json`, import.meta.url);
    const { prism } = JSON.parse(readFileSync(url, "utf8")) as { prism: { settings: unknown } };
    const problems = settingsProblems({ wings: true }, prism.settings);
    expect(problems).toContainEqual({ keys: ["wings"], message: expect.stringContaining("is not a known key") });
  });
});
