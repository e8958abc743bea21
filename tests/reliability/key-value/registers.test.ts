import { expect, test } from "vitest";
import { checkRegisters, type RegisterCall, type RegisterStep } from "./registers.ts";

type Answer = string | "done" | "refused" | "unknown";

/** A call that takes from `startMs` to `endMs`. */
function step(startMs: number, endMs: number, call: Omit<RegisterCall, "key">, answer: Answer): RegisterStep {
  const input = { key: "k", ...call } as RegisterCall;
  const lost = answer === "refused" || answer === "unknown";
  return {
    process: startMs,
    startMs,
    endMs,
    input,
    ending: lost ? { kind: answer, reason: "test" } : { kind: "done", output: answer },
  };
}

const read = { kind: "read" } as const;
const write = (value: string, expected?: string) =>
  ({ kind: "write", value, ...(expected === undefined ? {} : { expected }) }) as const;

test.each<[string, RegisterStep[]]>([
  ["no call at all", []],
  ["a write that is read", [step(1, 2, write("a"), "done"), step(3, 4, read, "a")]],
  ["a read beside a write that sees what was there before", [step(1, 9, write("a"), "done"), step(2, 3, read, "")]],
  ["a read beside a write that sees it", [step(1, 9, write("a"), "done"), step(2, 3, read, "a")]],
  [
    "a swap that came after another and was refused",
    [step(1, 2, write("a", ""), "done"), step(3, 4, write("b", ""), "refused"), step(5, 6, read, "a")],
  ],
  [
    "a write of unknown outcome that takes effect after a later one",
    [step(1, 2, write("a"), "unknown"), step(3, 4, write("b"), "done"), step(5, 6, read, "b"), step(7, 8, read, "a")],
  ],
  ["a write of unknown outcome that never takes effect", [step(1, 2, write("a"), "unknown"), step(3, 4, read, "")]],
  [
    "a swap of unknown outcome that was too late",
    [step(1, 2, write("a", ""), "unknown"), step(3, 4, write("b"), "done"), step(5, 6, read, "b")],
  ],
  ["a read without an answer", [step(1, 2, read, "unknown"), step(3, 4, read, "")]],
  ["a removal", [step(1, 2, write("a"), "done"), step(3, 4, write(""), "done"), step(5, 6, read, "")]],
])("%s can be the history of a register", async (_, steps) => {
  expect((await checkRegisters(steps)).lost).toEqual([]);
});

test.each<[string, RegisterStep[]]>([
  ["an acknowledged write that is gone", [step(1, 2, write("a"), "done"), step(3, 4, read, "")]],
  [
    "a value that is older than one that was read before",
    [step(1, 2, write("a"), "done"), step(3, 9, write("b"), "done"), step(4, 5, read, "b"), step(6, 7, read, "a")],
  ],
  ["a value that nobody wrote", [step(1, 2, read, "a")]],
  ["two swaps of the same value that both succeed", [1, 3].map((at) => step(at, at + 1, write(`${at}`, ""), "done"))],
  ["a swap that is refused although nothing else was there", [step(1, 2, write("a", ""), "refused")]],
  [
    "a refused swap that took effect",
    [step(1, 2, write("a"), "done"), step(3, 4, write("b", "x"), "refused"), step(5, 6, read, "b")],
  ],
  [
    "a write that takes effect, is overwritten and comes back",
    [step(1, 2, write("a"), "unknown"), step(3, 4, read, "a"), step(5, 6, write("b"), "done"), step(7, 8, read, "a")],
  ],
  [
    "a removed value that is back",
    [step(1, 2, write("a"), "done"), step(3, 4, write(""), "done"), step(5, 6, read, "a")],
  ],
])("%s cannot", async (_, steps) => {
  const { lost } = await checkRegisters(steps);
  expect(lost).toHaveLength(1);
  expect(lost?.[0]?.what).toContain("illegal");
});

test("each key is a register of its own, and the bad one is named", async () => {
  const other = [step(1, 2, write("a"), "done"), step(3, 4, read, "")].map((each) => ({
    ...each,
    input: { ...each.input, key: "other" },
  }));
  const { lost, acknowledged } = await checkRegisters([
    step(1, 2, write("a"), "done"),
    step(3, 4, read, "a"),
    ...other,
  ]);
  expect(lost?.map(({ what }) => what.split(" ")[3])).toEqual(["other"]);
  expect(acknowledged).toHaveLength(2);
});
