import { expect, test } from "vitest";
import { type Appending, checkLog, type LogHistory, type Placed, type Session } from "./log.ts";

const at = (text: string, offset: number, partition = 0): Placed => ({ text, offset, partition });

const appending = (startMs: number, ...records: Placed[]): Appending => ({
  process: 1,
  startMs,
  endMs: startMs + 1,
  input: records.map(({ text }) => text),
  ending: { kind: "done", output: records },
});

const lost = (startMs: number, ...texts: string[]): Appending => ({
  process: 1,
  startMs,
  endMs: startMs + 1,
  input: texts,
  ending: { kind: "unknown", reason: "test" },
});

const session = (joinMs: number, records: Placed[], commits: [offset: number, atMs: number][] = []): Session => ({
  joinMs,
  delivered: records.map((record, index) => ({ ...record, atMs: joinMs + index })),
  committed: commits.map(([offset, atMs]) => ({ partition: 0, offset, atMs })),
});

const [a, b, c] = [at("a", 0), at("b", 1), at("c", 2)];
const good: LogHistory = {
  appendings: [appending(1, a, b), appending(3, c)],
  sessions: [session(10, [a, b], [[0, 15]]), session(20, [b, c], [[2, 25]])],
  log: [a, b, c],
};

test.each<[string, LogHistory, number]>([
  ["all records are there, and one was not committed in time", good, 1],
  ["an append without an answer is there", { ...good, appendings: [appending(1, a, b), lost(3, "c")] }, 1],
  ["an append without an answer is not there", { ...good, appendings: [...good.appendings, lost(5, "d")] }, 1],
  [
    "an append without an answer comes late",
    { ...good, appendings: [lost(1, "c"), appending(2, a), appending(4, b)] },
    1,
  ],
  [
    "what was delivered again is committed again",
    {
      ...good,
      sessions: [
        session(
          10,
          [a, b, b, c],
          [
            [1, 15],
            [1, 16],
            [2, 17],
          ],
        ),
      ],
    },
    1,
  ],
  [
    "offsets leave gaps",
    { ...good, appendings: [appending(1, at("a", 5))], sessions: [session(9, [at("a", 5)])], log: [at("a", 5)] },
    0,
  ],
])("a log keeps its promise when %s", (_, history, duplicates) => {
  const { lost: gone, wrong, duplicated } = checkLog(history);
  expect({ gone, wrong, duplicates: duplicated.length }).toEqual({ gone: [], wrong: [], duplicates });
});

test.each<[string, LogHistory]>([
  ["is not in the log", { ...good, log: [a, b], sessions: [session(10, [a, b])] }],
  ["is elsewhere in the log", { ...good, log: [a, b, at("c", 3)], sessions: [session(10, [a, b, at("c", 3)])] }],
  ["was never given to the group", { ...good, sessions: [session(10, [a, b])] }],
])("an accepted record is lost when it %s", (_, history) => {
  expect(checkLog(history).lost?.map(({ what }) => what)).toEqual(["c at 0:2"]);
});

test.each<[string, LogHistory, string]>([
  ["a record that nobody appended", { ...good, log: [a, b, c, at("x", 3)] }, "nobody appended"],
  [
    "a delivery that the log does not have",
    { ...good, sessions: [session(10, [a, b, c, at("x", 9)])] },
    "not in the log",
  ],
  ["a record that is there twice", { ...good, log: [a, b, c, at("b", 3)] }, "in the log twice"],
  ["a log that is read out of order", { ...good, log: [b, a, c] }, "read out of order"],
  [
    "a producer whose second record is before its first",
    { ...good, appendings: [appending(1, c), appending(3, a), appending(5, b)] },
    "appended out of order",
  ],
  [
    "a committed record that is given to who joins later",
    { ...good, sessions: [session(10, [a, b, c], [[1, 15]]), session(20, [b, c])] },
    "after it was committed",
  ],
  [
    "a commit that goes back",
    {
      ...good,
      sessions: [
        session(
          10,
          [a, b, c],
          [
            [2, 15],
            [1, 16],
          ],
        ),
      ],
    },
    "went back from 2 to 0:1",
  ],
])("%s is found", (_, history, what) => {
  expect(
    checkLog(history)
      .wrong.map((finding) => finding.what)
      .join(),
  ).toContain(what);
});
