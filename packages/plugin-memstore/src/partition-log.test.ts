import type { StreamOptions } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { PartitionLog } from "./partition-log.js";
import { ManualClock } from "./testing/manual-clock.js";

const plain = { partitions: 1, retentionMs: undefined, retentionBytes: undefined, compaction: false };

function logWith(options: Partial<StreamOptions>, maxBytes = 1e9) {
  const clock = new ManualClock();
  const budget = new ByteBudget(maxBytes);
  const log = new PartitionLog({ partition: 0, budget, clock }, { ...plain, ...options });
  const append = (key: string, payload = "v") =>
    log.append({ id: "", key, headers: [], contentType: "", payload: Buffer.from(payload) });
  const keys = () => [...log.from(0n)].map(({ record }) => record.message.key);
  return { clock, budget, log, append, keys };
}

describe("with a retention period", () => {
  test("a record goes when its time has come, whether or not anybody asks", () => {
    const { clock, budget, append, keys } = logWith({ retentionMs: 1_000 });
    append("a");
    clock.advance(400);
    append("b");
    clock.advance(599);
    expect(keys()).toEqual(["a", "b"]);
    clock.advance(1);
    const usedBytes = budget.usedBytes;
    expect(keys()).toEqual(["b"]);
    expect(budget.usedBytes).toBe(usedBytes);
    clock.advance(400);
    expect([budget.usedBytes, clock.timers]).toEqual([0, 0]);
  });

  test("a record that is due is not seen, even if no timer could run", () => {
    const { clock, log, append, keys } = logWith({ retentionMs: 1_000 });
    append("a");
    clock.stall(1_000);
    expect([keys(), log.size, log.earliestOffset, log.countFrom(0n)]).toEqual([[], 0, 1n, 0]);
    expect(append("b").offset).toBe(1n);
  });

  test("many records that are due at once go in several runs", () => {
    const { clock, budget, append } = logWith({ retentionMs: 1_000 });
    for (let count = 0; count < 2_500; count++) append("k");
    const recordBytes = budget.usedBytes / 2_500;
    const left = [1_000, 1, 1].map((byMs) => {
      clock.advance(byMs);
      return budget.usedBytes / recordBytes;
    });
    expect(left).toEqual([1_500, 500, 0]);
  });

  test("times do not fall when the clock does", () => {
    const { clock, append } = logWith({});
    const first = append("a").appendedAtMs;
    clock.stall(-500);
    expect(append("b").appendedAtMs).toBe(first);
  });
});

describe("with a retention by size", () => {
  test("the oldest records go, as many as must", () => {
    const { log, append, keys } = logWith({ retentionBytes: 100 });
    for (const key of ["a", "b", "c", "d"]) append(key, "x".repeat(30));
    expect(keys()).toEqual(["b", "c", "d"]);
    append("e", "x".repeat(60));
    expect(keys()).toEqual(["d", "e"]);
    expect(log.retainedFrom).toBe(3n);
  });

  test("the newest stays however large it is", () => {
    const { append, keys } = logWith({ retentionBytes: 100 });
    append("a");
    append("b", "x".repeat(1_000));
    expect(keys()).toEqual(["b"]);
    append("c");
    expect(keys()).toEqual(["c"]);
  });

  test("what goes makes room within the bound of the backend", () => {
    const { budget, append, keys } = logWith({ retentionBytes: 100 }, 1_300);
    append("a", "x".repeat(90));
    append("b", "x".repeat(90));
    append("c", "x".repeat(90));
    expect(keys()).toEqual(["c"]);
    expect(() => append("d", "x".repeat(900))).toThrow(/max_bytes/);
    expect(keys()).toEqual(["c"]);
    expect(budget.usedBytes).toBeLessThan(700);
  });
});

describe("with compaction", () => {
  test("the last record of each key stays, and one without a key", () => {
    const { log, append, keys } = logWith({ compaction: true });
    for (const key of ["a", "", "b", "a", "", "b", "a"]) append(key);
    expect(keys()).toEqual(["", "", "b", "a"]);
    expect([log.earliestOffset, log.retainedFrom, log.countFrom(0n)]).toEqual([1n, 0n, 4]);
  });

  test("a deletion is there for an hour, and then nothing of the key is", () => {
    const { clock, budget, append, keys } = logWith({ compaction: true });
    append("a");
    append("a", "");
    expect(keys()).toEqual(["a"]);
    clock.advance(3_599_999);
    expect(keys()).toEqual(["a"]);
    clock.advance(1);
    expect([keys(), budget.usedBytes, clock.timers]).toEqual([[], 0, 0]);
  });

  test("a key that is written again after its deletion stays", () => {
    const { clock, append, keys } = logWith({ compaction: true });
    append("a", "");
    append("a", "back");
    clock.advance(4_000_000);
    expect(keys()).toEqual(["a"]);
  });

  test("a rewritten key needs no more room than its new record", () => {
    const { append } = logWith({ compaction: true }, 2_000);
    for (let count = 0; count < 100; count++) append("a", "x".repeat(1_000));
    expect(() => append("b", "x".repeat(1_000))).toThrow(/max_bytes/);
  });
});

test("options that are given later count for what is there, and those that are taken away do no more", () => {
  const { clock, log, append, keys } = logWith({});
  for (const key of ["a", "b", "a"]) append(key);
  log.configure({ ...plain, compaction: true });
  expect(keys()).toEqual(["b", "a"]);
  log.configure({ ...plain, retentionBytes: 2 });
  expect(keys()).toEqual(["a"]);
  log.configure({ ...plain, retentionMs: 1_000 });
  log.configure(plain);
  clock.advance(10_000);
  append("a");
  expect(keys()).toEqual(["a", "a"]);
  expect(clock.timers).toBe(0);
});

test("a record that finds no room changes nothing", () => {
  const { budget, log, append } = logWith({}, 1_000);
  append("a");
  const { usedBytes } = budget;
  expect(() => append("b", "x".repeat(1_000))).toThrow(/free/);
  expect([budget.usedBytes, log.nextOffset, log.size]).toEqual([usedBytes, 1n, 1]);
});

test("a log that is cleared has given everything back, and waits for nothing", () => {
  const { clock, budget, log, append } = logWith({ retentionMs: 1_000, compaction: true });
  for (const key of ["a", "b", ""]) append(key);
  append("a", "");
  log.clear();
  expect([budget.usedBytes, clock.timers, log.size]).toEqual([0, 0, 0]);
});
