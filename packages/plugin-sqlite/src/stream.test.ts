import { renameSync } from "node:fs";
import type { StreamOptions } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import type { Store } from "./store.js";
import { streamBinder } from "./stream-binder.js";
import { append, follow, join, record, streamOf, textsOf } from "./testing/stream-app.js";
import { call, ManualClock, openStore, reasonOf } from "./testing/temporary-store.js";

async function openStream(options: Partial<StreamOptions> = {}) {
  const clock = new ManualClock();
  const { store, path } = await openStore({ nowMs: clock.nowMs });
  return { clock, store, path, stream: await streamOf(store, options) };
}

const tables = [
  "stream_log",
  "stream_partition",
  "stream_record",
  "stream_last_of_key",
  "stream_group",
  "stream_place",
] as const;
const rows = (store: Store, ...of: readonly (typeof tables)[number][]) =>
  of.map((table) => store.file.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());

const hour = 3_600_000;

describe("retention", () => {
  test("what nobody reads is gone from the file when it is too old", async () => {
    const { clock, store, stream } = await openStream({ retentionMs: 10_000 });
    await append(stream, record("a"), record("b"));
    clock.advance(5_000);
    await append(stream, record("c"));
    clock.advance(5_000);
    await store.sweeper.sweep();
    expect(rows(store, "stream_record")).toEqual([1]);
    expect(await textsOf(stream)).toEqual(["c"]);
  });

  test("what is too old is not handed over before the sweep has come, and is no offset to begin at", async () => {
    const { clock, store, stream } = await openStream({ retentionMs: 10_000 });
    await append(stream, record("a"), record("b"));
    clock.advance(9_999);
    expect(await textsOf(stream, { kind: "offset", offset: 1n })).toEqual(["b"]);
    clock.advance(1);
    expect(rows(store, "stream_record")).toEqual([2]);
    expect(await textsOf(stream)).toEqual([]);
    expect(stream.describe("g").partitions).toMatchObject([{ earliestOffset: 2n, nextOffset: 2n, lag: 0n }]);
    await expect(textsOf(stream, { kind: "offset", offset: 1n })).rejects.toMatchObject({
      reason: "OFFSET_OUT_OF_RANGE",
      metadata: { earliest_offset: "2" },
    });
  });

  test("what was too old does not come back with other options, and is gone from the file", async () => {
    const { clock, store, stream } = await openStream({ retentionMs: 10_000 });
    await append(stream, record("a"), record("b"));
    clock.advance(10_000);
    await streamOf(store);
    expect(await textsOf(stream)).toEqual([]);
    await store.sweeper.sweep();
    expect(rows(store, "stream_record")).toEqual([0]);
  });

  test("above its size a partition has lost its oldest records when the next one is accepted, and keeps the newest", async () => {
    const { store, stream } = await openStream({ retentionBytes: 2_048 });
    for (const text of ["a", "b", "c"]) await append(stream, record(text.repeat(400)));
    expect(await textsOf(stream)).toEqual(["b", "c"].map((text) => text.repeat(400)));
    await append(stream, record("d".repeat(5_000)));
    expect(rows(store, "stream_record")).toEqual([1]);
    expect(stream.describe(undefined).partitions).toMatchObject([{ earliestOffset: 3n, nextOffset: 4n }]);
  });

  test("a size that is given later counts for what is there", async () => {
    const { store, stream } = await openStream();
    await append(stream, ...Array.from({ length: 1_200 }, (_, index) => record(`${index}`)));
    await streamOf(store, { retentionBytes: 1 });
    await store.sweeper.sweep();
    expect(await textsOf(stream)).toEqual(["1199"]);
  });
});

describe("compaction", () => {
  test("more records of a key than one slice looks at leave the last one, and offsets stay", async () => {
    const { store, stream } = await openStream({ compaction: true });
    await append(stream, ...Array.from({ length: 1_200 }, (_, index) => record(`${index}`, "k")), record("keyless"));
    await store.sweeper.sweep();
    expect(await textsOf(stream, { kind: "offset", offset: 5n })).toEqual(["1199", "keyless"]);
    expect(stream.describe("g").partitions).toMatchObject([{ earliestOffset: 1_199n, nextOffset: 1_201n, lag: 2n }]);
  });

  test("the deletion of a key stays for an hour, and then nothing of the key is left", async () => {
    const { clock, store, stream } = await openStream({ compaction: true });
    await append(stream, record("v", "k"), record("", "k"));
    await store.sweeper.sweep();
    expect(await textsOf(stream)).toEqual([""]);
    clock.advance(hour - 1);
    await store.sweeper.sweep();
    expect(rows(store, "stream_record", "stream_last_of_key")).toEqual([1, 1]);
    clock.advance(1);
    await store.sweeper.sweep();
    expect(rows(store, "stream_record", "stream_last_of_key")).toEqual([0, 0]);
  });

  test("it goes on where it was when it was switched off", async () => {
    const { store, stream } = await openStream({ compaction: true });
    await append(stream, record("a", "k"), record("b", "k"));
    await store.sweeper.sweep();
    await streamOf(store, { compaction: false });
    await append(stream, record("c", "k"), record("d", "k"));
    await store.sweeper.sweep();
    expect(await textsOf(stream)).toEqual(["b", "c", "d"]);
    await streamOf(store, { compaction: true });
    await store.sweeper.sweep();
    expect(await textsOf(stream)).toEqual(["d"]);
  });

  test("what retention removes is not remembered as the last of its key", async () => {
    const { clock, store, stream } = await openStream({ compaction: true, retentionMs: 10_000 });
    await append(stream, record("a", "k"));
    await store.sweeper.sweep();
    clock.advance(10_000);
    await store.sweeper.sweep();
    expect(rows(store, "stream_record", "stream_last_of_key")).toEqual([0, 0]);
  });
});

test("removing a log leaves no row behind", async () => {
  const { store, stream } = await openStream({ partitions: 3, compaction: true });
  const records = Array.from({ length: 1_200 }, (_, index) => record(`${index}`, `key ${index}`));
  await append(stream, ...records);
  await store.sweeper.sweep();
  const { member } = await join(stream);
  await member.commit([{ partition: 0, offset: 0n }], call);
  await member.leave();
  await streamBinder(store).deleteData("log");
  expect(rows(store, ...tables)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(await reasonOf(() => append(stream, record("late")))).toBe("BACKEND_FAILED");
});

test("the time of a record never falls, although the clock does", async () => {
  const { clock, stream } = await openStream();
  await append(stream, record("a"));
  clock.advance(-5_000);
  await append(stream, record("b"));
  expect(await textsOf(stream, { kind: "time", timeMs: clock.nowMs() + 5_000 })).toEqual(["a", "b"]);
});

describe("a file that is taken away", () => {
  test("ends who reads along, and refuses records", async () => {
    const { path, stream } = await openStream();
    const { ended } = follow(stream);
    renameSync(path, `${path}.away`);
    expect(await reasonOf(() => append(stream, record("a")))).toBe("BACKEND_UNAVAILABLE");
    await expect(ended).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  });

  test("ends members", async () => {
    const { path, stream } = await openStream();
    const { failures } = await join(stream);
    renameSync(path, `${path}.away`);
    await expect.poll(() => failures).toMatchObject([{ reason: "BACKEND_UNAVAILABLE" }]);
  });
});

describe("two processes on one file", () => {
  async function openTwo(clock = new ManualClock()) {
    const { store, path } = await openStore({ nowMs: clock.nowMs });
    const { store: otherStore } = await openStore({ path, nowMs: clock.nowMs });
    return { clock, store, stream: await streamOf(store), other: await streamOf(otherStore) };
  }

  test("who reads along has what the other has appended", async () => {
    const { stream, other } = await openTwo();
    const { texts } = follow(stream);
    await append(other, record("a"));
    await expect.poll(() => texts).toEqual(["a"]);
  });

  test("members of the second wait until those of the first have left, and begin where these were", async () => {
    const { stream, other } = await openTwo();
    await append(stream, record("a"), record("b"));
    const first = await join(stream);
    const second = await join(other);
    await expect.poll(() => first.texts).toEqual(["a", "b"]);
    expect(second.assignments).toEqual([[]]);
    await first.member.commit([{ partition: 0, offset: 0n }], call);
    await first.member.leave();
    await expect.poll(() => second.texts).toEqual(["b"]);
    expect(second.assignments).toEqual([[], [0]]);
  });

  test("a process that stands still loses its groups when another wants them, and commits nothing any more", async () => {
    const { clock, stream, other } = await openTwo();
    await append(stream, record("a"), record("b"));
    const first = await join(stream);
    await expect.poll(() => first.texts).toEqual(["a", "b"]);
    clock.advance(60_000);
    const second = await join(other);
    await expect.poll(() => second.texts).toEqual(["a", "b"]);
    expect(await first.member.commit([{ partition: 0, offset: 1n }], call)).toEqual([]);
    await expect.poll(() => first.assignments).toEqual([[0], []]);
    await second.member.leave();
    await expect.poll(() => first.assignments.at(-1)).toEqual([0]);
    expect(first.texts).toEqual(["a", "b", "a", "b"]);
  });

  test("a group is kept for as long as its members are there", async () => {
    const { clock, store, stream, other } = await openTwo();
    const first = await join(stream);
    const second = await join(other);
    const ownedUntilMs = store.file.db.prepare<[], number>("SELECT owned_until_ms FROM stream_group").pluck();
    for (let look = 0; look < 4; look++) {
      const before = ownedUntilMs.get()!;
      clock.advance(1_000);
      await expect.poll(() => ownedUntilMs.get()).toBeGreaterThan(before);
    }
    expect([first.assignments, second.assignments]).toEqual([[[0]], [[]]]);
  });
});
