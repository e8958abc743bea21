import { describe, expect, test } from "vitest";
import { descriptorSet, patternServices } from "./descriptors.js";
import { methodTraits, methodTraitsOf } from "./method-traits.js";

const keyValue = `/${patternServices["key-value"]}`;

describe("the traits of a method", () => {
  test.each([
    ["Get", { readOnly: true, adds: false, tokenField: undefined, streaming: "none", orderedBy: undefined }],
    ["Set", { readOnly: false, adds: true, tokenField: 7, streaming: "none", orderedBy: "field" }],
    ["Scan", { readOnly: true, adds: false, tokenField: undefined, streaming: "none", orderedBy: undefined }],
    ["Increment", { readOnly: false, adds: true, tokenField: undefined, streaming: "none", orderedBy: "field" }],
    ["Watch", { readOnly: false, adds: false, tokenField: undefined, streaming: "server", orderedBy: undefined }],
  ])("%s of key-value are read from the protos", (method, traits) => {
    expect(methodTraits(`${keyValue}/${method}`)).toEqual({ ...traits, pattern: "key-value" });
  });

  test("of the plugin contract belong to no pattern", () => {
    expect(methodTraits("/prism.plugin.v1.PluginService/Health")).toEqual({
      readOnly: false,
      adds: false,
      tokenField: undefined,
      pattern: undefined,
      streaming: "server",
      orderedBy: undefined,
    });
  });

  test.each([
    ["stream", "Append", "namespace"],
    ["stream", "Describe", undefined],
    ["pub-sub", "Publish", "field"],
    ["pub-sub", "PublishStream", undefined],
    ["queue", "Send", undefined],
    ["queue", "Acknowledge", undefined],
    ["relational", "Execute", undefined],
    ["key-value", "Transact", undefined],
  ] as const)("of %s %s tell that calls under way at once are ordered by %s", (pattern, method, orderedBy) => {
    expect(methodTraits(`/${patternServices[pattern]}/${method}`)).toMatchObject({ orderedBy });
  });

  test.each([`${keyValue}/Nope`, "/nope.v1.Service/Get", "", "Get"])("of %j are not known", (path) => {
    expect(methodTraits(path)).toBeUndefined();
  });

  test("are there for all 15 methods of key-value", () => {
    const paths = [...methodTraitsOf(descriptorSet()).keys()].filter((path) => path.startsWith(`${keyValue}/`));
    expect(paths).toHaveLength(15);
  });

  test("cannot be read from bytes that are no descriptor set", () => {
    expect(() => methodTraitsOf(new Uint8Array([0xff, 0xff, 0xff]))).toThrow();
  });
});
