import { expect, test } from "vitest";
import { parse } from "yaml";
import { readEntries } from "./yaml-entries.js";

const entry = (index: number, value = "{ pattern: key-value, backend: memory }") => `  team-${index}: ${value}\n`;

const many = Array.from({ length: 300 }, (_, index) => entry(index)).join("");

const head = "listen: 127.0.0.1:0\nbackends:\n  memory: { plugin: memstore }\n";

const readable: readonly (readonly [string, string])[] = [
  ["entries of one line", `${head}namespaces:\n${many}`],
  [
    "entries of many lines",
    `${head}namespaces:\n${many}  deep:\n    pattern: queue\n    options:\n      a: [1,\n        2]\n`,
  ],
  ["a section in the middle", `namespaces: # all of them\n${many}\n# the end\n${head}`],
  ["comments and empty lines", `${head}namespaces:\n  # first\n\n${many}# left\n  # and\n${entry(900)}    # deep\n`],
  [
    "text of several lines",
    `${head}namespaces:\n${many}  text:\n    a: |\n      team-1: {}\n       b\n    c: "x\n      y"\n`,
  ],
  ["names that need quotes", `${head}namespaces:\n${many}  "a: b": {}\n  'c # d': {}\n  7: {}\n  e&f!: {}\n`],
  ["no end of the last line", `${head}namespaces:\n${many}  last: {}`],
  ["values that were left out", `${head}namespaces:\n${many}  empty:\n  full: {}\n`],
];

test.each(readable)("%s mean what they mean in the whole text", (_, text) => {
  expect(readEntries(text)).toEqual(parse(text));
});

const unreadable: readonly (readonly [string, string])[] = [
  ["few entries", `${head}namespaces:\n${entry(1)}`],
  ["an anchor", `${head}namespaces:\n${many}  a: &all { pattern: queue }\n  b: *all\n`],
  ["a tag", `${head}namespaces:\n${many}  a: !!str x\n`],
  ["a name that stands twice", `${head}namespaces:\n${many}${entry(7)}`],
  ["a section that stands twice", `${head}namespaces:\n${many}namespaces:\n${many}`],
  ["an entry that is not YAML", `${head}namespaces:\n${many}  a: { b\n`],
  ["a key that stands twice in an entry", `${head}namespaces:\n${many}  a: { b: 1, b: 2 }\n`],
  ["an entry that is further left", `${head}namespaces:\n${many} a: {}\n`],
  ["an entry that is further right", `${head}namespaces:\n${many}    a: {}\n`],
  ["something wrong in the rest", `${head}namespaces:\n${many}other: [\n`],
  ["braces around the section", `${head}namespaces: {\n${many}}\n`],
  ["two documents", `${head}namespaces:\n${many}---\n${head}`],
  ["a name that JavaScript takes for something else", `${head}namespaces:\n${many}  __proto__: {}\n`],
];

test.each(unreadable)("with %s the text is read whole", (_, text) => {
  expect(readEntries(text)).toBeUndefined();
});

test("what was read before a change is read again as it is now", () => {
  const text = `${head}namespaces:\n${many}`;
  readEntries(text);
  const changed = text.replace(entry(7), entry(7, "{ pattern: queue, backend: memory }"));
  expect(readEntries(changed)).toEqual(parse(changed));
  expect(readEntries(text)).toEqual(parse(text));
});
