import { type IdempotencyToken, idempotencyWindowMs } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import {
  bytes,
  call,
  ManualClock,
  namespaceOf,
  openStore,
  reasonOf,
  textOf,
  token,
  watch,
} from "./testing/temporary-store.js";

async function openWithClock() {
  const clock = new ManualClock();
  return { clock, ...(await openStore({ nowMs: clock.nowMs })) };
}

const rows = (store: Awaited<ReturnType<typeof openStore>>["store"], table: "entry" | "token" | "change" | "lease") =>
  store.file.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

describe("a value", () => {
  test.each([0, 1, 4_061, 4_096, 3 * 2 ** 20])("of %i bytes comes back as it was", async (sizeBytes) => {
    const { keyValue } = await openStore();
    const value = Buffer.alloc(sizeBytes, 0xa5);
    const { etag } = await keyValue.set({ key: "k", value }, call);
    const entry = keyValue.get("k");
    expect(entry).toMatchObject({ etag, expiresAtMs: undefined });
    expect(Buffer.compare(entry!.value, value)).toBe(0);
  });
});

describe("a key with a time to live", () => {
  test("is there until its last millisecond and missing in every way from then on", async () => {
    const { keyValue, clock } = await openWithClock();
    await keyValue.set({ key: "k", value: bytes("7"), ttlMs: 50 }, call);
    clock.advance(49);
    expect(keyValue.getTtl("k")).toEqual({ remainingMs: 1, expiresAtMs: clock.nowMs() + 1 });
    clock.advance(1);
    expect(keyValue.get("k")).toBeUndefined();
    expect(keyValue.exists("k")).toBe(false);
    expect(keyValue.getTtl("k")).toBeUndefined();
    expect(keyValue.count("")).toBe(0);
    expect(
      keyValue.scan({ selection: { kind: "prefix", prefix: "" }, limit: 10, pageSizeBytes: 10, keysOnly: true }),
    ).toEqual({ entries: [] });
    expect(await keyValue.expire("k", 10, call)).toBeUndefined();
    expect(await keyValue.persist("k", call)).toBe(false);
    expect(await keyValue.delete({ key: "k" }, call)).toBe(false);
  });

  test("that has expired is incremented from zero and keeps no time to live", async () => {
    const { keyValue, clock } = await openWithClock();
    await keyValue.set({ key: "k", value: bytes("7"), ttlMs: 50 }, call);
    clock.advance(50);
    expect(await keyValue.increment("k", 2n, call)).toMatchObject({ value: 2n });
    expect(keyValue.getTtl("k")).toEqual({});
  });

  test("leaves no row behind, and its watchers hear of it once", async () => {
    const { keyValue, clock, store } = await openWithClock();
    const { changes } = await watch(keyValue);
    await keyValue.set({ key: "a", value: bytes("1"), ttlMs: 50 }, call);
    await keyValue.set({ key: "b", value: bytes("1"), ttlMs: 50 }, call);
    clock.advance(50);
    await keyValue.set({ key: "a", value: bytes("2") }, call);
    await store.sweeper.sweep();
    await store.sweeper.sweep();
    expect(changes).toEqual(["set a=1", "set b=1", "expired a", "set a=2", "expired b"]);
    expect(rows(store, "entry")).toBe(1);
  });

  test("expires in slices when many are due at once", async () => {
    const { keyValue, clock, store } = await openWithClock();
    const keys = Array.from({ length: 1_200 }, (_, index) => `k${index}`);
    await keyValue.batchSet(
      keys.map((key) => ({ key, value: bytes("v"), ttlMs: 5 })),
      call,
    );
    clock.advance(5);
    const { commits } = store.commits.counts;
    await store.sweeper.sweep();
    expect(store.commits.counts.commits - commits).toBeGreaterThanOrEqual(3);
    expect(rows(store, "entry")).toBe(0);
  });
});

describe("an idempotency token", () => {
  const set = (value: string, used: IdempotencyToken) => ({ key: "k", value: bytes(value), token: used });

  test("returns the first answer again, whatever became of the key", async () => {
    const { keyValue } = await openStore();
    const first = await keyValue.set(set("1", token(5n)), call);
    await keyValue.delete({ key: "k" }, call);
    expect(await keyValue.set(set("2", token(5n)), call)).toEqual(first);
    expect(keyValue.exists("k")).toBe(false);
  });

  test.each([
    ["an older time", token(4n, "z")],
    ["the same time and a lower nonce", token(5n, "m")],
  ])("of %s is refused", async (_, late) => {
    const { keyValue } = await openStore();
    await keyValue.set(set("1", token(5n)), call);
    expect(await reasonOf(() => keyValue.set(set("2", late), call))).toBe("IDEMPOTENCY_TOKEN_STALE");
    expect(await textOf(keyValue, "k")).toBe("1");
  });

  test("of the year 9999 is compared exactly", async () => {
    const { keyValue } = await openStore();
    const last = 253_402_300_799_999_999n;
    await keyValue.set(set("1", token(last - 1n)), call);
    await keyValue.set(set("2", token(last)), call);
    expect(await reasonOf(() => keyValue.set(set("3", token(last - 1n)), call))).toBe("IDEMPOTENCY_TOKEN_STALE");
  });

  test("is kept for its window and really removed after it", async () => {
    const { keyValue, clock, store } = await openWithClock();
    await keyValue.set(set("1", token(5n)), call);
    clock.advance(idempotencyWindowMs - 1);
    await store.sweeper.sweep();
    expect(await reasonOf(() => keyValue.set(set("2", token(4n)), call))).toBe("IDEMPOTENCY_TOKEN_STALE");
    clock.advance(1);
    await store.sweeper.sweep();
    expect(rows(store, "token")).toBe(0);
    expect(await reasonOf(() => keyValue.set(set("2", token(4n)), call))).toBeUndefined();
  });

  test("of a write that failed is not kept", async () => {
    const { keyValue } = await openStore();
    const failing = { ...set("1", token(5n)), condition: { kind: "etag", etag: "none" } as const };
    expect(await reasonOf(() => keyValue.set(failing, call))).toBe("ETAG_MISMATCH");
    expect(await reasonOf(() => keyValue.set(set("2", token(4n)), call))).toBeUndefined();
  });
});

describe("prefixes and ranges", () => {
  const keys = ["%", "_", "a", "a\0", "a\0b", "a%", "a_", "ab", "é", "\ud7ff", "\uffff", "😀", "😀b", "\u{10ffff}"];

  test.each(["", "a", "a\0", "%", "_", "a%", "é", "\uffff", "😀", "\u{10ffff}", "none"])(
    "%j matches byte for byte",
    async (prefix) => {
      const { keyValue } = await openStore();
      await keyValue.batchSet(
        keys.map((key) => ({ key, value: bytes("v") })),
        call,
      );
      const { entries } = keyValue.scan({
        selection: { kind: "prefix", prefix },
        limit: 100,
        pageSizeBytes: 1_000,
        keysOnly: false,
      });
      const expected = keys.filter((key) => key.startsWith(prefix));
      expected.sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      expect(entries.map(({ key }) => key)).toEqual(expected);
      expect(keyValue.count(prefix)).toBe(expected.length);
    },
  );

  test("a page ends before the bytes that it may hold are exceeded, and the next goes on after it", async () => {
    const { keyValue } = await openStore();
    for (const key of ["a", "b", "c"]) await keyValue.set({ key, value: Buffer.alloc(9) }, call);
    await keyValue.set({ key: "d", value: Buffer.alloc(100) }, call);
    const pages: string[] = [];
    let cursor: string | undefined;
    do {
      const page = keyValue.scan({
        selection: { kind: "range", start: "a", end: "" },
        limit: 10,
        pageSizeBytes: 20,
        keysOnly: false,
        cursor,
      });
      pages.push(page.entries.map(({ key }) => key).join(""));
      cursor = page.cursor;
    } while (cursor !== undefined && pages.length < 10);
    expect(pages).toEqual(["ab", "c", "d"]);
  });
});

describe("a transaction", () => {
  test("that fails in its last condition changes nothing", async () => {
    const { keyValue } = await openStore();
    await keyValue.set({ key: "k", value: bytes("1") }, call);
    const conditions = [
      { kind: "exists", key: "k", exists: true },
      { kind: "etag", key: "k", etag: "other" },
    ] as const;
    const mutations = [{ kind: "delete", key: "k" }] as const;
    await expect(keyValue.transact({ conditions, mutations }, call)).rejects.toMatchObject({
      reason: "CONDITION_FAILED",
      metadata: { index: "1", key: "k" },
    });
    expect(await textOf(keyValue, "k")).toBe("1");
  });

  test("applies its mutations in order, the same key twice", async () => {
    const { keyValue } = await openStore();
    const { changes } = await watch(keyValue);
    const results = await keyValue.transact(
      {
        conditions: [{ kind: "exists", key: "k", exists: false }],
        mutations: [
          { kind: "set", key: "k", value: bytes("1") },
          { kind: "delete", key: "k" },
          { kind: "set", key: "k", value: bytes("2") },
        ],
      },
      call,
    );
    expect(results.map(({ kind }) => kind)).toEqual(["set", "delete", "set"]);
    expect(results[2]).toEqual({ kind: "set", etag: keyValue.get("k")!.etag });
    expect(changes).toEqual(["set k=1", "deleted k", "set k=2"]);
  });
});

describe("namespaces of one file", () => {
  test("do not see each other's keys, whatever their names", async () => {
    const { store } = await openStore();
    const names = ["a", "A", "a'; DROP TABLE entry; --", "a%", "é", "e\u0301"];
    for (const name of names) await (await namespaceOf(store, name)).set({ key: "k", value: bytes(name) }, call);
    for (const name of names) {
      const keyValue = await namespaceOf(store, name);
      expect(await textOf(keyValue, "k")).toBe(name);
      expect(keyValue.count("")).toBe(1);
    }
  });
});

test("a batch reads no more than an answer holds, and says which keys are left", async () => {
  const { keyValue } = await openStore();
  const keys = ["a", "b", "c", "d"];
  for (const key of keys) await keyValue.set({ key, value: Buffer.alloc(2 * 2 ** 20) }, call);
  const results = keyValue.batchGet(keys);
  expect(results.map((result) => (result.ok ? "entry" : (result.error as { reason: string }).reason))).toEqual([
    "entry",
    "entry",
    "entry",
    "MESSAGE_TOO_LARGE",
  ]);
});
