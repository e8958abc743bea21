import {
  type CallContext,
  type Change,
  EtagSource,
  GatewayError,
  type IdempotencyToken,
  idempotencyWindowMs,
} from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { MemoryKeyValue } from "./key-value.js";
import { ManualClock } from "./testing/manual-clock.js";

const bytes = (text: string) => Buffer.from(text);

function emptyStore(maxBytes = 1_000_000) {
  const clock = new ManualClock();
  const budget = new ByteBudget(maxBytes);
  const store = new MemoryKeyValue({ budget, clock, etags: new EtagSource() });
  return { clock, budget, store };
}

function watchAll(store: MemoryKeyValue, prefix = "") {
  const changes: string[] = [];
  const end = new AbortController();
  const context = { signal: end.signal } as CallContext;
  const sink = { started() {}, change: (change: Change) => changes.push(`${change.kind} ${change.key}`) };
  const ended = store.watch(prefix, sink, context);
  return { changes, end: () => end.abort(), ended };
}

function reasonOf(run: () => unknown): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error.reason;
    throw error;
  }
}

const token = (timeMicros: bigint, nonce = "n"): IdempotencyToken => ({ timeMicros, nonce: bytes(nonce) });

describe("values", () => {
  test("are copied, so that the caller may use its buffer again", () => {
    const { store } = emptyStore();
    const value = bytes("one");
    store.set({ key: "k", value });
    value.fill(0);
    expect(Buffer.from(store.get("k")!.value).toString()).toBe("one");
  });

  test("pin nothing but their own bytes", () => {
    const { store } = emptyStore();
    store.set({ key: "k", value: Buffer.alloc(100_000).subarray(0, 10) });
    expect(store.get("k")!.value.buffer.byteLength).toBe(10);
  });
});

describe("a key with a time to live", () => {
  test("is there until its last millisecond and removed then, although nobody reads it", () => {
    const { store, clock, budget } = emptyStore();
    store.set({ key: "k", value: bytes("v"), ttlMs: 50 });
    clock.advance(49);
    expect(store.exists("k")).toBe(true);
    expect(store.getTtl("k")).toEqual({ remainingMs: 1, expiresAtMs: clock.nowMs() + 1 });
    clock.advance(1);
    expect([store.keys, budget.usedBytes, clock.timers]).toEqual([0, 0, 0]);
  });

  test.each<[string, (store: MemoryKeyValue) => unknown, unknown]>([
    ["get", (store) => store.get("k"), undefined],
    ["exists", (store) => store.exists("k"), false],
    ["delete", (store) => store.delete({ key: "k" }), false],
    ["getTtl", (store) => store.getTtl("k"), undefined],
    ["expire", (store) => store.expire("k", 10), undefined],
    ["persist", (store) => store.persist("k"), false],
    ["count", (store) => store.count(""), 0],
    ["increment", (store) => store.increment("k", 1n).value, 1n],
    ["batchGet", (store) => store.batchGet(["k"]), [{ ok: true, result: undefined }]],
    [
      "scan",
      (store) =>
        store.scan({ selection: { kind: "prefix", prefix: "" }, limit: 9, pageSizeBytes: 99, keysOnly: false }),
      { entries: [] },
    ],
  ])("is missing for %s when its time has passed and the timer has not run", (_, call, answer) => {
    const { store, clock } = emptyStore();
    store.set({ key: "k", value: bytes("41"), ttlMs: 50 });
    clock.stall(50);
    expect(call(store)).toEqual(answer);
  });

  test("expires once for a watcher, whoever removes it", () => {
    const { store, clock } = emptyStore();
    const { changes } = watchAll(store);
    store.set({ key: "k", value: bytes("1"), ttlMs: 50 });
    clock.stall(50);
    store.get("k");
    store.set({ key: "k", value: bytes("2"), ttlMs: 50 });
    clock.advance(100);
    store.count("");
    expect(changes).toEqual(["set k", "expired k", "set k", "expired k"]);
  });

  test("loses it when it is set again without one, and keeps it through an increment", () => {
    const { store, clock } = emptyStore();
    store.set({ key: "plain", value: bytes("1"), ttlMs: 50 });
    store.set({ key: "plain", value: bytes("1") });
    store.set({ key: "counter", value: bytes("1"), ttlMs: 50 });
    store.increment("counter", 1n);
    clock.advance(50);
    expect([store.exists("plain"), store.exists("counter")]).toEqual([true, false]);
  });

  test("is queued once, however often it is written", () => {
    const { store, clock } = emptyStore();
    const { changes } = watchAll(store);
    for (let write = 0; write < 100; write++) store.set({ key: "k", value: bytes("v"), ttlMs: 1_000 - write });
    store.persist("k");
    clock.advance(10_000);
    expect(changes.filter((change) => change.startsWith("expired"))).toEqual([]);
    expect(store.keys).toBe(1);
  });
});

describe("the bound on bytes", () => {
  const large = Buffer.alloc(5_000);

  test("refuses a write that would exceed it, and changes nothing", () => {
    const { store, budget } = emptyStore(10_000);
    store.set({ key: "a", value: large });
    const usedBytes = budget.usedBytes;
    expect(reasonOf(() => store.set({ key: "b", value: large }))).toBe("CAPACITY_EXHAUSTED");
    expect(reasonOf(() => store.set({ key: "a", value: Buffer.alloc(20_000), token: token(1n) }))).toBe(
      "CAPACITY_EXHAUSTED",
    );
    expect([store.keys, budget.usedBytes]).toEqual([1, usedBytes]);
    expect(store.get("a")!.value.length).toBe(5_000);
  });

  test("lets a full store shrink, overwrite and delete", () => {
    const { store, budget } = emptyStore(10_000);
    store.set({ key: "a", value: large });
    store.set({ key: "b", value: Buffer.alloc(3_900) });
    store.set({ key: "a", value: Buffer.alloc(5_000, 1) });
    store.set({ key: "a", value: Buffer.alloc(10) });
    store.delete({ key: "a" });
    store.delete({ key: "b" });
    expect(budget.usedBytes).toBe(0);
  });

  test("counts a transaction as a whole", () => {
    const { store, budget } = emptyStore(10_000);
    store.set({ key: "a", value: large });
    const set = (key: string) => ({ kind: "set" as const, key, value: large });
    const remove = (key: string) => ({ kind: "delete" as const, key });
    expect(reasonOf(() => store.transact({ conditions: [], mutations: [remove("c"), set("b")] }))).toBe(
      "CAPACITY_EXHAUSTED",
    );
    expect(store.keys).toBe(1);
    store.transact({ conditions: [], mutations: [set("b"), set("b"), remove("a")] });
    expect(store.keys).toBe(1);
    store.transact({ conditions: [], mutations: [set("c"), remove("c"), remove("b")] });
    expect(budget.usedBytes).toBe(0);
  });

  test("covers the token records, which outlive their keys", () => {
    const { store, budget, clock } = emptyStore(10_000);
    let refused = 0;
    for (let key = 0; key < 50; key++) {
      const write = { key: String(key), value: bytes(""), token: token(1n) };
      if (reasonOf(() => store.set(write)) === "CAPACITY_EXHAUSTED") refused++;
      else store.delete({ key: write.key });
    }
    expect(refused).toBeGreaterThan(0);
    expect([store.keys, budget.usedBytes > 0, budget.usedBytes <= 10_000]).toEqual([0, true, true]);
    clock.advance(idempotencyWindowMs);
    expect([budget.usedBytes, clock.timers]).toEqual([0, 0]);
  });

  test("counts exactly: what is written and removed in any way ends at zero", () => {
    const { store, budget, clock } = emptyStore();
    for (let step = 0; step < 3_000; step++) {
      const key = String(step % 17);
      const value = Buffer.alloc(step % 97);
      if (step % 5 === 0) store.delete({ key });
      else if (step % 7 === 0) store.set({ key, value: bytes("12"), ttlMs: 3 });
      else if (step % 11 === 0)
        store.transact({
          conditions: [],
          mutations: [
            { kind: "set", key, value },
            { kind: "delete", key },
          ],
        });
      else if (step % 13 === 0) store.expire(key, 5);
      else store.set({ key, value, ...(step % 3 === 0 ? { token: token(BigInt(step)) } : {}) });
      if (step % 10 === 0) clock.advance(1);
    }
    for (let key = 0; key < 17; key++) store.delete({ key: String(key) });
    clock.advance(idempotencyWindowMs + 10);
    expect([store.keys, budget.usedBytes, clock.timers]).toEqual([0, 0, 0]);
  });

  test("is freed by clear", () => {
    const { store, budget, clock } = emptyStore();
    store.set({ key: "a", value: large, ttlMs: 10, token: token(1n) });
    expect(store.clear()).toBe(1);
    expect([store.keys, budget.usedBytes, clock.timers, store.count("")]).toEqual([0, 0, 0, 0]);
  });
});

describe("an idempotency token", () => {
  test("is kept for the window and forgotten after it", () => {
    const { store, clock } = emptyStore();
    const first = store.set({ key: "k", value: bytes("1"), token: token(5n) });
    clock.advance(idempotencyWindowMs - 1);
    expect(store.set({ key: "k", value: bytes("2"), token: token(5n) })).toEqual(first);
    expect(reasonOf(() => store.set({ key: "k", value: bytes("2"), token: token(4n) }))).toBe(
      "IDEMPOTENCY_TOKEN_STALE",
    );
    clock.advance(1);
    expect(store.set({ key: "k", value: bytes("2"), token: token(4n) })).not.toEqual(first);
  });

  test("is ordered by its nonce when the times are equal", () => {
    const { store } = emptyStore();
    store.set({ key: "k", value: bytes("1"), token: token(5n, "b") });
    expect(reasonOf(() => store.set({ key: "k", value: bytes("2"), token: token(5n, "a") }))).toBe(
      "IDEMPOTENCY_TOKEN_STALE",
    );
    store.set({ key: "k", value: bytes("3"), token: token(5n, "c") });
    expect(Buffer.from(store.get("k")!.value).toString()).toBe("3");
  });
});

describe("a watcher", () => {
  test("gets the changes under its prefix until its signal is aborted", async () => {
    const { store } = emptyStore();
    const { changes, end, ended } = watchAll(store, "a%");
    for (const key of ["a%1", "ab1", "a%2"]) store.set({ key, value: bytes("v") });
    store.delete({ key: "a%1" });
    store.delete({ key: "a%1" });
    end();
    await ended;
    store.set({ key: "a%3", value: bytes("v") });
    expect(changes).toEqual(["set a%1", "set a%2", "deleted a%1"]);
  });
});

describe("increment", () => {
  test.each([
    "",
    " 1",
    "1 ",
    "+1",
    "01",
    "-0",
    "1.0",
    "1e3",
    "0x1",
    "--1",
    "-",
    "9223372036854775808",
    "-9223372036854775809",
    "1\0",
  ])("refuses %j", (text) => {
    const { store } = emptyStore();
    store.set({ key: "k", value: bytes(text) });
    expect(reasonOf(() => store.increment("k", 0n))).toBe("NOT_A_COUNTER");
  });

  test.each<[string, bigint, bigint]>([
    ["9223372036854775806", 1n, 9223372036854775807n],
    ["-9223372036854775807", -1n, -9223372036854775808n],
    ["9223372036854775807", -9223372036854775808n, -1n],
    ["-5", 5n, 0n],
  ])("adds to %s the delta %i exactly", (text, delta, sum) => {
    const { store } = emptyStore();
    store.set({ key: "k", value: bytes(text) });
    expect(store.increment("k", delta).value).toBe(sum);
    expect(Buffer.from(store.get("k")!.value).toString()).toBe(String(sum));
  });
});
