import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { resultCodeName } from "./result-codes.js";

/** Every result code of SQLite's own header, which comes with the other driver. */
function codesOfHeader(): [name: string, code: number][] {
  const driver = dirname(createRequire(import.meta.url).resolve("better-sqlite3/package.json"));
  const header = readFileSync(join(driver, "deps/sqlite3/sqlite3.h"), "utf8");
  const codes = new Map<string, number>();
  for (const [, name, code] of header.matchAll(/^#define (SQLITE_[A-Z]+) +(\d+) +\/\*/gm)) {
    if (!codes.has(name!) && codes.size < 29) codes.set(name!, Number(code));
  }
  for (const [, name, primary, number] of header.matchAll(
    /^#define (SQLITE_[A-Z_]+) +\((SQLITE_[A-Z]+) *\| *\((\d+)<<8\)\)/gm,
  )) {
    // Others than result codes are made the same way, such as flags of opening.
    if (name!.startsWith(primary!) && primary !== "SQLITE_OK")
      codes.set(name!, codes.get(primary!)! + Number(number) * 256);
  }
  return [...codes].filter(([, code]) => code > 0 && (code & 0xff) <= 28);
}

test("every result code has SQLite's name", () => {
  const codes = codesOfHeader();
  expect(codes.length).toBeGreaterThan(90);
  expect(codes.map(([, code]) => resultCodeName(code))).toEqual(codes.map(([name]) => name));
});

test.each([
  [19 + 200 * 256, "SQLITE_CONSTRAINT"],
  [4 + 1 * 256, "SQLITE_ABORT"],
  [77, "SQLITE_77"],
])("a code that SQLite does not have, %d, is %s", (code, name) => {
  expect(resultCodeName(code)).toBe(name);
});
