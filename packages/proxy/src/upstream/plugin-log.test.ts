import { expect, test } from "vitest";
import { createLog } from "../telemetry/log.js";
import { LineSplitter } from "./line-splitter.js";
import { linesPerSecondMax, PluginLog } from "./plugin-log.js";

function openLog(now: () => number) {
  const lines: Record<string, unknown>[] = [];
  const dropped: number[] = [];
  const log = createLog({ level: "trace", destination: { write: (line) => void lines.push(JSON.parse(line)) } });
  return { lines, dropped, log: new PluginLog({ log, now, onDropped: (count) => dropped.push(count) }) };
}

test.each([
  [{ level: 10, msg: "m" }, "trace"],
  [{ level: 20, msg: "m" }, "debug"],
  [{ level: 30, msg: "m" }, "info"],
  [{ level: 50, msg: "m" }, "error"],
  [{ level: 60, msg: "m" }, "error"],
  [{ level: "warn", msg: "m" }, "warn"],
  [{ level: "fatal", msg: "m" }, "error"],
  [{ level: "loud", msg: "m" }, "info"],
  [{ msg: "m" }, "info"],
])("the line %j is logged as %s", (record, level) => {
  const { lines, log } = openLog(() => 0);
  log.stderrLine(JSON.stringify(record));
  expect(lines).toMatchObject([{ level, msg: "m" }]);
});

test("lines beyond the bound of a second are counted and dropped, and the next second begins anew", () => {
  let nowMs = 0;
  const { lines, dropped, log } = openLog(() => nowMs);
  for (let line = 0; line < linesPerSecondMax + 5; line++) log.stderrLine("plain");
  expect(lines).toHaveLength(linesPerSecondMax);
  nowMs = 1_000;
  log.stderrLine("next");
  expect(dropped).toEqual([5]);
  expect(lines.slice(-2)).toMatchObject([{ dropped: 5 }, { line: "next" }]);
});

test("the last line is known even when it was dropped", () => {
  const { log } = openLog(() => 0);
  for (let line = 0; line <= linesPerSecondMax; line++) log.stderrLine(`line ${line}`);
  expect(log.lastLine).toBe(`line ${linesPerSecondMax}`);
  log.stderrLine(JSON.stringify({ level: 50, msg: "the cause" }));
  expect(log.lastLine).toBe("the cause");
});

test.each([
  ["in one piece", ["a\nb\n"], ["a", "b"]],
  ["in many", ["a", "b", "\n", "c\nd"], ["ab", "c", "d"]],
  ["with a character cut in two", ["k\u00e4".slice(0, 1), "\u00e4\n"], ["kä"]],
  ["with carriage returns", ["a\r\nb\r\n"], ["a", "b"]],
  ["empty", ["\n\n"], ["", ""]],
])("lines that arrive %s come out whole", (_, chunks, expected) => {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  expect(lines).toEqual(expected);
});
