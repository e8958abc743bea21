import { randomBytes } from "node:crypto";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { bytes, call, callContext, openStore, reasonOf, textOf } from "./testing/temporary-store.js";

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

/** As many callers as wait at once, and how often each writes after its last answer. */
const writers = 64;
const rounds = 10;

async function timed(run: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now();
  await run();
  return performance.now() - startedAtMs;
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Locks the file as another process would. */
function lock(path: string): () => void {
  const other = new Database(path);
  other.exec("BEGIN IMMEDIATE");
  return () => other.close();
}

describe("writes that arrive together", () => {
  test("share a transaction and take effect in their order", async () => {
    const { keyValue, store } = await openStore();
    const { commits } = store.commits.counts;
    await Promise.all(numbers(100).map((number) => keyValue.set({ key: "k", value: bytes(String(number)) }, call)));
    expect(store.commits.counts.commits - commits).toBe(1);
    expect(await textOf(keyValue, "k")).toBe("99");
  });

  test("are cut into transactions of a bounded size", async () => {
    const { keyValue, store } = await openStore();
    const { commits } = store.commits.counts;
    await Promise.all(numbers(1_100).map((number) => keyValue.set({ key: String(number), value: bytes("v") }, call)));
    await Promise.all(
      numbers(9).map((number) => keyValue.set({ key: String(number), value: Buffer.alloc(2 ** 20) }, call)),
    );
    expect(store.commits.counts.commits - commits).toBe(3 + 2);
  });

  test("are at least five times as many in the same time as one by one, and all on disk", { retry: 2 }, async () => {
    const { keyValue, path } = await openStore();
    const write = (key: string) => keyValue.set({ key, value: randomBytes(1_024) }, call);
    const oneByOneMs = await timed(async () => {
      for (const number of numbers(writers * rounds)) await write(`alone ${number}`);
    });
    const togetherMs = await timed(async () => {
      const writer = async (name: number) => {
        for (const round of numbers(rounds)) await write(`together ${name} ${round}`);
      };
      await Promise.all(numbers(writers).map(writer));
    });
    expect(oneByOneMs / togetherMs).toBeGreaterThan(5);
    const other = new Database(path, { readonly: true });
    expect(other.prepare("SELECT count(*) FROM entry").pluck().get()).toBe(2 * writers * rounds);
    other.close();
  });

  test("do not fail with one that fails", async () => {
    const { keyValue } = await openStore();
    const absent = { kind: "absent" } as const;
    const reasons = numbers(3).map((number) =>
      reasonOf(() => keyValue.set({ key: "k", value: bytes(String(number)), condition: absent }, call)),
    );
    const other = keyValue.set({ key: "other", value: bytes("v") }, call);
    expect(await Promise.all(reasons)).toEqual([undefined, "KEY_EXISTS", "KEY_EXISTS"]);
    await other;
    expect(await textOf(keyValue, "k")).toBe("0");
  });

  test("do not fail with one that the file has no room for", async () => {
    const { keyValue, health } = await openStore({ maxBytes: 2 ** 20 });
    const answers = ["a", "large", "b", "c"].map((key) => {
      const value = key === "large" ? randomBytes(2 ** 20) : bytes(key);
      return reasonOf(() => keyValue.set({ key, value }, call));
    });
    expect(await Promise.all(answers)).toEqual([undefined, "CAPACITY_EXHAUSTED", undefined, undefined]);
    expect(
      keyValue
        .scan({ selection: { kind: "prefix", prefix: "" }, limit: 9, pageSizeBytes: 99, keysOnly: true })
        .entries.map(({ key }) => key),
    ).toEqual(["a", "b", "c"]);
    expect(health).toEqual([{ reachable: true }]);
  });
});

describe("a full file", () => {
  test("takes writes again when keys are deleted", async () => {
    const { keyValue } = await openStore({ maxBytes: 2 ** 20 });
    const fill = (key: string) => reasonOf(() => keyValue.set({ key, value: randomBytes(400_000) }, call));
    expect([await fill("a"), await fill("b"), await fill("c")]).toEqual([undefined, undefined, "CAPACITY_EXHAUSTED"]);
    await keyValue.delete({ key: "a" }, call);
    expect(await fill("c")).toBeUndefined();
  });
});

describe("a write to a file that another process keeps locked", () => {
  test("waits and is applied when the lock is gone, and reads go on meanwhile", async () => {
    const { keyValue, path } = await openStore();
    await keyValue.set({ key: "k", value: bytes("1") }, call);
    const unlock = lock(path);
    const writing = keyValue.set({ key: "k", value: bytes("2") }, call);
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    expect(await textOf(keyValue, "k")).toBe("1");
    unlock();
    await writing;
    expect(await textOf(keyValue, "k")).toBe("2");
  });

  test("fails after busy_timeout, says when to try again, and the backend is reported as not reachable until it is", async () => {
    const { keyValue, path, health, store } = await openStore({ busyTimeoutMs: 30 });
    const unlock = lock(path);
    await expect(keyValue.set({ key: "k", value: bytes("v") }, call)).rejects.toMatchObject({
      reason: "BACKEND_UNAVAILABLE",
      retryAfterMs: expect.any(Number),
    });
    expect(health.at(-1)).toMatchObject({ reachable: false });
    unlock();
    await expect.poll(() => health.at(-1)).toEqual({ reachable: true });
    expect(store.file.hasOutage).toBe(false);
    expect(keyValue.exists("k")).toBe(false);
  });

  test("is dropped when its deadline passes or its caller leaves", async () => {
    const { keyValue, path } = await openStore();
    const unlock = lock(path);
    const abort = new AbortController();
    const late = reasonOf(() =>
      keyValue.set({ key: "late", value: bytes("v") }, callContext({ deadlineMs: Date.now() + 20 })),
    );
    const left = reasonOf(() =>
      keyValue.set({ key: "left", value: bytes("v") }, callContext({ signal: abort.signal })),
    );
    abort.abort();
    expect(await Promise.all([late, left])).toEqual(["DEADLINE_EXCEEDED", "CANCELLED"]);
    unlock();
    expect(await keyValue.delete({ key: "late" }, call)).toBe(false);
    expect(await keyValue.delete({ key: "left" }, call)).toBe(false);
  });
});
