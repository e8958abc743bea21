import { describe, expect, test } from "vitest";
import { fileName } from "./namespace-files.js";

describe("the file name of a namespace", () => {
  test.each([
    ["orders", "orders"],
    ["my-app_2", "my-app_2"],
    ["A", "%41"],
    ["a:b", "a%3ab"],
    ["../a", "%2e%2e%2fa"],
    [".", "%2e"],
    ["a\0", "a%00"],
    ["%41", "%2541"],
    ["é", "%c3%a9"],
    ["e\u0301", "e%cc%81"],
    ["😀", "%f0%9f%98%80"],
  ])("of %j is %s", (namespace, name) => {
    expect(fileName(namespace)).toBe(name);
  });

  test("is short enough for any file system, and another one for another name", () => {
    const long = ["/".repeat(128), `${"/".repeat(127)}.`, "é".repeat(64), "x".repeat(128), `${"x".repeat(127)}y`];
    const names = long.map(fileName);
    expect(new Set(names.map((name) => name.toLowerCase().normalize())).size).toBe(long.length);
    for (const name of names) expect(name.length).toBeLessThanOrEqual(200);
  });
});
