import { describe, expect, test } from "vitest";
import { KeySpace, keyRange, prefixRange } from "./key-space.js";

const spaceOf = (namespace: string) => new KeySpace({ prefix: "prism", database: 0, namespace });
const text = (bound: Buffer | string) => bound.toString();

describe("names on the server", () => {
  test.each([
    ["sessions", "prism:{sessions}:v:k"],
    ["a b", "prism:{a%20b}:v:k"],
    ["a:b", "prism:{a%3Ab}:v:k"],
    ["{a}", "prism:{%7Ba%7D}:v:k"],
    ["100%", "prism:{100%25}:v:k"],
    ["é", "prism:{%C3%A9}:v:k"],
    ["*?[]\\", "prism:{%2A%3F%5B%5D%5C}:v:k"],
    ["\0", "prism:{%00}:v:k"],
  ])("namespace %j has the value name %s", (namespace, name) => {
    expect(spaceOf(namespace).value("k")).toBe(name);
  });

  test("no name of a namespace is a name of another, whatever the keys", () => {
    const parts = ["a", ":", "{", "}", "%", "v", "%3A"];
    const texts = parts.flatMap((one) => parts.map((other) => one + other));
    const names = texts.flatMap((namespace) => {
      const space = spaceOf(namespace);
      return [space.state, space.index, space.expiry, space.channel, ...texts.map((key) => space.value(key))];
    });
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("ranges of the index", () => {
  test.each([
    ["", "-", "+"],
    ["a", "[a", "(b"],
    ["az", "[az", "(a{"],
    ["a\0", "[a\0", "(a\x01"],
  ])("prefix %j is from %j to %j", (prefix, min, max) => {
    const range = prefixRange(prefix);
    expect([text(range.min), text(range.max)]).toEqual([min, max]);
  });

  test("a prefix whose last character has several bytes ends after its last byte", () => {
    expect(prefixRange("é").max).toEqual(Buffer.from([0x28, 0xc3, 0xaa]));
  });

  test.each([
    ["", "", "-", "+"],
    ["a", "", "[a", "+"],
    ["", "b", "-", "(b"],
    ["a", "b", "[a", "(b"],
  ])("from %j to before %j is from %j to %j", (start, end, min, max) => {
    expect(keyRange(start, end)).toEqual({ min, max });
  });
});
