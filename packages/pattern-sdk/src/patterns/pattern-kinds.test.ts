import { describe, expect, test } from "vitest";
import { descriptorSet } from "../protocol/descriptors.js";
import { methodTraitsOf } from "../protocol/method-traits.js";
import { namedRanges } from "./bounds.js";
import { findPattern, patternKinds } from "./pattern-kinds.js";

const kinds = Object.entries(patternKinds);
const described = methodTraitsOf(descriptorSet());

describe.each(kinds)("the pattern %s", (name, kind) => {
  test("is found by its name", () => {
    expect(kind.name).toBe(name);
    expect(findPattern(name)).toBe(kind);
  });

  test("serves exactly the methods of its service in proto/", async () => {
    const prefix = `/${kind.service}/`;
    const methods = [...described.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length));
    expect(methods).not.toEqual([]);
    expect(Object.keys(await kind.loadMethods()).sort()).toEqual(methods.sort());
  });

  test("says which of the methods that change something may add to what is held, if that can be told at all", () => {
    for (const method of kind.addingMethods) {
      expect(described.get(`/${kind.service}/${method}`)).toMatchObject({ readOnly: false, adds: true });
    }
  });

  test("says of each capability, and of no other, what it promises", () => {
    expect(Object.keys(kind.promises).sort()).toEqual([...kind.capabilities].sort());
    const included = Object.values(kind.promises).flatMap(({ includes = [] }) => includes);
    expect(included.filter((capability) => !kind.capabilities.includes(capability as never))).toEqual([]);
  });

  test("has limits whose defaults are in their ranges, by names that configuration could have", () => {
    for (const [limit, { default: value, min, max = Infinity }] of namedRanges(kind)) {
      expect(limit).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(value).toBeGreaterThanOrEqual(min);
      expect(value).toBeLessThanOrEqual(max);
    }
  });
});

test("no two patterns share a service or a member of the backend", () => {
  expect(new Set(kinds.map(([, { service }]) => service)).size).toBe(kinds.length);
  expect(new Set(kinds.map(([, { member }]) => member)).size).toBe(kinds.length);
});

test.each(["", "Key-Value", "toString", "__proto__"])("%j is no pattern", (name) => {
  expect(findPattern(name)).toBeUndefined();
});
