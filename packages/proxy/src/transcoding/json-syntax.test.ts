import { describe, expect, test } from "vitest";
import { findJsonSyntaxError } from "./json-syntax.js";

describe("a JSON syntax error", () => {
  test.each([
    ['{"a":}', 1, 6, "a value"],
    ["", 1, 1, "a value"],
    ["{", 1, 2, 'a name in quotes or "}"'],
    ['{"a" 1}', 1, 6, ":"],
    ['{"a":1,}', 1, 8, "a name in quotes"],
    ['{"a":1 "b":2}', 1, 8, ", or }"],
    ["[1,]", 1, 4, "a value"],
    ["[1 2]", 1, 4, ", or ]"],
    ["[1}", 1, 3, ", or ]"],
    ['{\n  "a": 01\n}', 2, 9, ", or }"],
    ['{"a":"\\x"}', 1, 7, 'a closing " or a valid character'],
    ['{"a":"b', 1, 8, 'a closing " or a valid character'],
    ["{} {}", 1, 4, "the end"],
    ["nul", 1, 1, "a value"],
    ["{'a':1}", 1, 2, 'a name in quotes or "}"'],
  ])("in %j is at line %d, column %d, where %s was expected", (text, line, column, expected) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    expect(findJsonSyntaxError(text)).toEqual({ line, column, expected });
  });

  test.each([
    '{"a":[1,-2.5e+3,true,null,"\\u00e9\\n"],"b":{}}',
    " [ ] ",
    '"text"',
    "0",
    `${"[".repeat(50_000)}${"]".repeat(50_000)}`,
  ])("is not in %.40s", (text) => {
    expect(findJsonSyntaxError(text)).toBeUndefined();
  });

  test("is found exactly in the texts that JSON.parse refuses", () => {
    const good = '{"a":[1,-2.5e3,true,null,"\\u00e9"],"b":{"c":""}}';
    for (let at = 0; at < good.length; at += 1) {
      for (const damage of ["", "{", "}", "]", '"', ",", ":", "x", "\\", "1"]) {
        const text = good.slice(0, at) + damage + good.slice(at + 1);
        expect([text, findJsonSyntaxError(text) === undefined]).toEqual([text, parses(text)]);
      }
    }
  });
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
