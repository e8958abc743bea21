import { describe, expect, test } from "vitest";
import { leaseMs } from "./change-log.js";
import { bytes, call, ManualClock, namespaceOf, openStore, watch } from "./testing/temporary-store.js";

/** Two processes on one file, as while one replaces the other. */
async function openTwice() {
  const clock = new ManualClock();
  const one = await openStore({ nowMs: clock.nowMs });
  const two = await openStore({ nowMs: clock.nowMs, path: one.path });
  return { clock, one, two };
}

const logged = ({ store }: Awaited<ReturnType<typeof openStore>>) =>
  store.file.db.prepare("SELECT count(*) FROM change").pluck().get();

describe("a watch", () => {
  test("sees what is written after it started, with its prefix and in its namespace only", async () => {
    const { keyValue, store } = await openStore();
    await keyValue.set({ key: "a1", value: bytes("before") }, call);
    const { changes } = await watch(keyValue, "a");
    const other = await namespaceOf(store, "other");
    await Promise.all([
      keyValue.set({ key: "a1", value: bytes("1") }, call),
      keyValue.set({ key: "b1", value: bytes("1") }, call),
      other.set({ key: "a1", value: bytes("other") }, call),
      keyValue.increment("a2", 3n, call),
      keyValue.delete({ key: "a1" }, call),
      keyValue.delete({ key: "a1" }, call),
    ]);
    expect(changes).toEqual(["set a1=1", "set a2=3", "deleted a1"]);
  });

  test("does not see a write that fails", async () => {
    const { keyValue } = await openStore();
    const { changes } = await watch(keyValue);
    await keyValue
      .set({ key: "k", value: bytes("1"), condition: { kind: "etag", etag: "none" } }, call)
      .catch(() => undefined);
    await keyValue.set({ key: "k", value: bytes("2") }, call);
    expect(changes).toEqual(["set k=2"]);
  });

  test("that starts in the same commit as writes sees exactly those behind it", async () => {
    const { keyValue } = await openStore();
    const first = await watch(keyValue, "none");
    const before = keyValue.set({ key: "k", value: bytes("before") }, call);
    const watching = watch(keyValue);
    const behind = keyValue.set({ key: "k", value: bytes("behind") }, call);
    await Promise.all([before, behind]);
    expect((await watching).changes).toEqual(["set k=behind"]);
    expect(first.changes).toEqual([]);
  });

  test("ends when its caller leaves, and nothing is logged any more", async () => {
    const opened = await openStore();
    const { changes, end, ended } = await watch(opened.keyValue);
    end();
    await ended;
    await opened.keyValue.set({ key: "k", value: bytes("1") }, call);
    expect(changes).toEqual([]);
    expect(opened.store.watchers.count).toBe(0);
    expect(logged(opened)).toBe(0);
  });

  test("leaves no more in the log than the last commit", async () => {
    const opened = await openStore();
    await watch(opened.keyValue);
    for (let round = 0; round < 5; round++) await opened.keyValue.set({ key: "k", value: bytes("1") }, call);
    expect(logged(opened)).toBe(1);
  });
});

describe("two processes on one file", () => {
  test("see each other's changes once, and those of one key in the order of the commits", async () => {
    const { one, two } = await openTwice();
    const watches = [await watch(one.keyValue), await watch(two.keyValue)];
    const expected: string[] = [];
    for (let round = 0; round < 40; round++) {
      const writer = round % 3 === 0 ? two : one;
      await writer.keyValue.set({ key: "k", value: bytes(String(round)) }, call);
      expected.push(`set k=${round}`);
    }
    for (const { changes } of watches) await expect.poll(() => changes).toEqual(expected);
  });

  test("see each other's changes although they write at the same time", async () => {
    const { one, two } = await openTwice();
    const { changes } = await watch(one.keyValue);
    const writes = Array.from({ length: 200 }, (_, index) =>
      (index % 2 ? one : two).keyValue.set({ key: `k${index}`, value: bytes("v") }, call),
    );
    await Promise.all(writes);
    await expect.poll(() => changes.length).toBe(200);
    expect(new Set(changes).size).toBe(200);
  });

  test("tell of an expired key once each, whoever removes it", async () => {
    const { one, two, clock } = await openTwice();
    const watches = [await watch(one.keyValue), await watch(two.keyValue)];
    await one.keyValue.set({ key: "k", value: bytes("v"), ttlMs: 10 }, call);
    clock.advance(10);
    await Promise.all([one.store.sweeper.sweep(), two.store.sweeper.sweep()]);
    for (const { changes } of watches) await expect.poll(() => changes).toEqual(["set k=v", "expired k"]);
  });

  test("exclude each other: one of two that want a missing key wins", async () => {
    const { one, two } = await openTwice();
    const absent = { kind: "absent" } as const;
    const races = Array.from({ length: 50 }, (_, index) =>
      (index % 2 ? one : two).keyValue.set({ key: "k", value: bytes(String(index)), condition: absent }, call),
    );
    const results = await Promise.allSettled(races);
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("end the watches of one that was away too long, rather than let them miss a change", async () => {
    const { one, two, clock } = await openTwice();
    const { ended } = await watch(one.keyValue);
    clock.advance(leaseMs);
    await two.store.sweeper.sweep();
    await two.keyValue.set({ key: "k", value: bytes("missed") }, call);
    await expect(ended).rejects.toMatchObject({ reason: "WATCH_OVERFLOW" });
    expect(logged(two)).toBe(0);
  });

  test("start a new watch after an interruption without hiding it from the old one", async () => {
    const { one, two, clock } = await openTwice();
    const old = await watch(one.keyValue);
    const interrupted = expect(old.ended).rejects.toMatchObject({ reason: "WATCH_OVERFLOW" });
    clock.advance(leaseMs);
    two.store.file.db.exec("DELETE FROM lease");
    const fresh = await watch(one.keyValue);
    await interrupted;
    await two.keyValue.set({ key: "k", value: bytes("v") }, call);
    await expect.poll(() => fresh.changes).toEqual(["set k=v"]);
  });
});

test("removing a namespace leaves nothing of it, and its name starts empty again", async () => {
  const { store, keyValue } = await openStore();
  const keys = Array.from({ length: 1_100 }, (_, index) => `k${index}`);
  await keyValue.batchSet(
    keys.map((key) => ({ key, value: bytes("v"), token: { timeMicros: 1n, nonce: bytes("n") } })),
    call,
  );
  const kept = await namespaceOf(store, "kept");
  await kept.set({ key: "k", value: bytes("v") }, call);
  store.namespaces.forgetName(store.namespaces.idOf("demo")!);
  expect((await namespaceOf(store, "demo")).count("")).toBe(0);
  await store.sweeper.sweep();
  const rows = ["entry", "token", "namespace"].map((table) =>
    store.file.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
  );
  expect(rows).toEqual([1, 0, 2]);
  expect(kept.count("")).toBe(1);
});
