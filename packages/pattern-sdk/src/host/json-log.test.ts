import { expect, test } from "vitest";
import { jsonLog } from "./json-log.js";

function lineOf(write: (log: ReturnType<typeof jsonLog>) => void): Record<string, unknown> {
  const lines: string[] = [];
  write(
    jsonLog(
      (line) => lines.push(line),
      () => 1_700_000_000_000,
    ),
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^[^\n]*\n$/);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

test.each([
  ["debug", 20],
  ["info", 30],
  ["warn", 40],
  ["error", 50],
] as const)("a %s line has pino's level %d, a time, the message and the fields", (name, level) => {
  expect(lineOf((log) => log[name]({ backend: "cache" }, "opened"))).toEqual({
    level,
    time: 1_700_000_000_000,
    msg: "opened",
    backend: "cache",
  });
});

test("an error keeps its type, message, stack and cause", () => {
  const err = new TypeError("outer", { cause: new Error("inner") });
  expect(lineOf((log) => log.error({ err }, "failed"))).toMatchObject({
    err: { type: "TypeError", message: "outer", stack: expect.stringContaining("outer"), cause: { message: "inner" } },
  });
});

test("a line break inside a field stays inside the line", () => {
  expect(lineOf((log) => log.info({ text: "a\nb" }, "c\nd"))).toMatchObject({ text: "a\nb", msg: "c\nd" });
});

test("fields that cannot be written do not take the message with them", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  expect(lineOf((log) => log.info({ circle }, "still here"))).toMatchObject({ msg: "still here", level: 30 });
});
