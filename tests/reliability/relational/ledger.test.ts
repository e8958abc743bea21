import { expect, test } from "vitest";
import { type Audit, checkLedgers, type Transfer, type TransferStep } from "./ledger.ts";

/** A transfer of 5 from a to b. */
function transfer(
  [startMs, endMs]: readonly [number, number],
  name: string,
  kind: "done" | "refused" | "unknown",
  more: Partial<Transfer> = {},
): TransferStep {
  const input = { book: 0, name, from: "a", to: "b", amount: 5, isGivenUp: false, ...more };
  return {
    process: 0,
    startMs,
    endMs,
    input,
    ending: kind === "done" ? { kind, output: undefined } : { kind, reason: "test" },
  };
}

/** An audit that sees these transfers, and a and b with these balances. */
function audit([startMs, endMs]: readonly [number, number], names: readonly string[], a: number, b: number): Audit {
  const balances = new Map(Object.entries({ a, b }).filter(([, balance]) => balance !== 0));
  return {
    process: 1,
    startMs,
    endMs,
    input: { book: 0 },
    ending: { kind: "done", output: { names: new Set(names), balances } },
  };
}

const unanswered: Audit = { ...audit([7, 8], [], 0, 0), ending: { kind: "unknown", reason: "test" } };

test.each<[string, TransferStep[], Audit[]]>([
  ["nothing at all", [], [audit([1, 2], [], 0, 0)]],
  ["a transfer that is seen", [transfer([1, 2], "x", "done")], [audit([3, 4], ["x"], -5, 5)]],
  [
    "a transfer that an audit beside it sees or not",
    [transfer([1, 9], "x", "done")],
    [audit([2, 3], [], 0, 0), audit([4, 5], ["x"], -5, 5), audit([10, 11], ["x"], -5, 5)],
  ],
  [
    "a transfer of unknown outcome that takes effect later",
    [transfer([1, 2], "x", "unknown")],
    [audit([3, 4], [], 0, 0), audit([5, 6], ["x"], -5, 5)],
  ],
  ["one that never does", [transfer([1, 2], "x", "unknown")], [audit([3, 4], [], 0, 0)]],
  ["one that lost against another", [transfer([1, 2], "x", "refused")], [audit([3, 4], [], 0, 0)]],
  ["one that was given up", [transfer([1, 2], "x", "done", { isGivenUp: true })], [audit([3, 4], [], 0, 0)]],
  [
    "two, there and back, and an audit without an answer",
    [transfer([1, 2], "x", "done"), transfer([3, 4], "y", "done", { from: "b", to: "a", amount: 2 })],
    [audit([5, 6], ["x", "y"], -3, 3), unanswered],
  ],
])("%s keeps the promise", (_, transfers, audits) => {
  const { lost, wrong } = checkLedgers(transfers, audits);
  expect({ lost, wrong }).toEqual({ lost: [], wrong: [] });
});

test("a committed transfer that is not there in the end is lost, also when nobody could look", () => {
  const transfers = [transfer([1, 2], "x", "done"), transfer([1, 2], "y", "done", { book: 1 })];
  expect(checkLedgers(transfers, [audit([3, 4], [], 0, 0)]).lost).toEqual([
    { atMs: 2, what: "x" },
    { atMs: 2, what: "y" },
  ]);
});

const done = transfer([1, 2], "x", "done");

test.each<[string, TransferStep, Audit[], string]>([
  ["half a transfer", done, [audit([3, 4], ["x"], -5, 0)], "b holds 0"],
  ["money without its transfer", transfer([1, 9], "x", "done"), [audit([3, 4], [], -5, 5)], "transfers come to 0"],
  ["an update that another one undid", done, [audit([3, 4], ["x"], -5, 4)], "b holds 4"],
  ["a read from before a commit", done, [audit([3, 4], [], 0, 0), audit([5, 6], ["x"], -5, 5)], "was there before"],
  [
    "a read that goes back",
    transfer([1, 2], "x", "unknown"),
    [audit([3, 4], ["x"], -5, 5), audit([5, 6], [], 0, 0)],
    "was there before",
  ],
  [
    "a read of what is given up",
    transfer([1, 9], "x", "done", { isGivenUp: true }),
    [audit([3, 4], ["x"], -5, 5)],
    "never committed",
  ],
  ["a transfer that was refused", transfer([1, 2], "x", "refused"), [audit([3, 4], ["x"], -5, 5)], "never committed"],
  ["a transfer that nobody made", done, [audit([3, 4], ["x", "y"], -5, 5)], "never committed"],
])("%s is found", (_, step, audits, what) => {
  const { wrong } = checkLedgers([step], audits);
  expect(wrong.map((finding) => finding.what)).toContainEqual(expect.stringContaining(what));
});
