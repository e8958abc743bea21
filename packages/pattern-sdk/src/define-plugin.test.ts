import { describe, expect, test } from "vitest";
import * as z from "zod";
import { definePlugin } from "./define-plugin.js";
import type { PluginDefinition } from "./plugin.js";

const definition: PluginDefinition = {
  name: "tiny",
  version: "1.0.0-rc.1",
  durability: "ephemeral",
  settings: z.strictObject({}),
  patterns: { "key-value": { capabilities: ["ordered_scan"] } },
  open: () => ({ close: () => undefined }),
};
const keyValue = (description: object) => ({
  patterns: { "key-value": { capabilities: [], ...description } } as never,
});

describe("definePlugin", () => {
  test("returns a definition that works, frozen", () => {
    const plugin = definePlugin(definition);
    expect(plugin).toEqual(definition);
    expect(Object.isFrozen(plugin)).toBe(true);
  });

  test.each<[string, Partial<PluginDefinition>, string]>([
    ["a name with capitals", { name: "Tiny" }, "name must be"],
    ["an empty name", { name: "" }, "name must be"],
    ["a version that is no semver", { version: "1.0" }, "not semver"],
    ["nothing that is offered", { patterns: {} }, "patterns is empty, and there are no services"],
    ["services without names", { services: { names: [] } }, "services.names is empty"],
    ["a service without a package", { services: { names: ["Search"] } }, "Search must be a full name"],
    ["a service of Prism's", { services: { names: ["prism.keyvalue.v1.KeyValueService"] } }, "outside prism and grpc"],
    ["an unknown pattern", { patterns: { graph: {} } as never }, "pattern graph is not known; known: key-value"],
    ["an unknown capability", keyValue({ capabilities: ["wings"] }), "capability wings is not known; known: ttl"],
    ["values of 0 bytes", keyValue({ limits: { valueBytesMax: 0 } }), "valueBytesMax"],
    ["values over 3 MiB", keyValue({ limits: { valueBytesMax: 3_145_729 } }), "valueBytesMax"],
    [
      "a grain of half a ms",
      keyValue({ limits: { ttlGrainMs: 0.5 } }),
      "ttlGrainMs must be a whole number of at least 1",
    ],
    [
      "an unknown limit",
      keyValue({ limits: { keyBytesMax: 1 } }),
      "limits.keyBytesMax is not known; known: valueBytesMax",
    ],
    ["options that let anything in", keyValue({ options: z.looseObject({}) }), "options of key-value must be a strict"],
    ["options that are no map", keyValue({ options: z.string() }), "options of key-value must be a strict object"],
  ])("refuses %s", (_, change, problem) => {
    expect(() => definePlugin({ ...definition, ...change })).toThrow(problem);
  });

  test("takes services without a pattern", () => {
    const services = { names: ["acme.search.v1.SearchService"] };
    expect(definePlugin({ ...definition, patterns: {}, services }).services).toEqual(services);
  });

  test("names every problem at once", () => {
    expect(() => definePlugin({ ...definition, name: "", version: "" })).toThrow(/name must be.*not semver/);
  });
});
