import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { inputLines } from "./input-lines.js";

const never = new AbortController().signal;

async function linesOf(chunks: readonly string[]): Promise<string[][]> {
  const input = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
  const batches: string[][] = [];
  for await (const lines of inputLines(input, never)) batches.push(lines.map(String));
  return batches;
}

test.each([
  ["nothing", [], []],
  ["one line", ["a\n"], [["a"]]],
  ["a line without an end", ["a"], [["a"]]],
  ["empty lines", ["\n\n"], [["", ""]]],
  ["lines that come together", ["a\nb\nc\n"], [["a", "b", "c"]]],
  ["lines that come in parts", ["a", "b\nc", "d\n", "e"], [["ab"], ["cd"], ["e"]]],
  ["carriage returns, which are left", ["a\r\nb"], [["a\r"], ["b"]]],
])("%s", async (_, chunks, batches) => {
  expect(await linesOf(chunks)).toEqual(batches);
});

test("an interruption ends the input, and what is not a whole line is no line", async () => {
  const input = new PassThrough();
  const interruption = new AbortController();
  const lines = inputLines(input, interruption.signal);
  input.write("a\nhalf");
  expect((await lines.next()).value).toEqual([Buffer.from("a")]);
  const next = lines.next();
  interruption.abort();
  expect(await next).toEqual({ done: true, value: undefined });
});

test("a line that no namespace takes is refused before it has come whole", async () => {
  await expect(linesOf(["x".repeat(2 ** 21), "x".repeat(2 ** 21)])).rejects.toThrow("longer than 3145728 bytes");
});
