import { describe, expect, test } from "vitest";
import { DeliveryWindow, type Entry } from "./delivery-window.js";
import type { Run } from "./group-mark.js";
import type { KafkaRecord } from "./record-codec.js";

const everything = { items: 1_000, bytes: 1_000_000 };
const never = new AbortController().signal;

function recordsOf(offsets: readonly number[], payloadBytes = 1): KafkaRecord[] {
  return offsets.map((offset) => ({
    ...{ partition: 0, offset: BigInt(offset), appendedAtMs: 0, publishedTo: "t" },
    message: { id: "", key: "", headers: [], contentType: "", payload: Buffer.alloc(payloadBytes) },
  }));
}

function windowOf(offsets: readonly number[], { from = 0, runs = [] as readonly Run[] } = {}): DeliveryWindow {
  const window = new DeliveryWindow();
  window.begin(BigInt(from), runs);
  window.add(recordsOf(offsets), () => true);
  return window;
}

const offsetsOf = (entries: readonly Entry[]) => entries.map(({ record }) => Number(record.offset));

async function taken(window: DeliveryWindow, items = 1_000): Promise<readonly Entry[]> {
  const entries = await window.take({ items, bytes: 1_000_000 }, never);
  for (const entry of entries) entry.deliveryCount++;
  return entries;
}

describe("the next offset", () => {
  test("is that of the first record that is not handled, whatever was handled after it", async () => {
    const window = windowOf([0, 1, 2, 3]);
    const entries = await taken(window);
    window.finish(entries[2]!);
    expect(window.next).toBe(0n);
    window.finish(entries[0]!);
    expect(window.next).toBe(1n);
    window.finish(entries[1]!);
    expect(window.next).toBe(3n);
    window.finish(entries[3]!);
    expect(window.next).toBe(4n);
  });

  test("passes what nobody wants", () => {
    const window = new DeliveryWindow();
    window.begin(5n, []);
    window.add(recordsOf([5, 6, 7]), ({ offset }) => offset === 7n);
    expect(window.next).toBe(7n);
  });

  test("passes what is missing in the log", () => {
    expect(windowOf([10, 12], { from: 3 }).next).toBe(10n);
  });
});

describe("what is known of the records from there on", () => {
  test("says what was delivered how often, and what was handled", async () => {
    const window = windowOf([0, 1, 2, 3, 4, 5, 6]);
    const entries = await taken(window, 5);
    window.finish(entries[2]!);
    window.giveBack([entries[1]!]);
    await taken(window, 1);
    expect(window.runs()).toEqual([
      { records: 1, state: 1 },
      { records: 1, state: 2 },
      { records: 1, state: "handled" },
      { records: 2, state: 1 },
    ]);
  });

  test("counts for the records when they come, and is not forgotten before", async () => {
    const runs: Run[] = [
      { records: 1, state: 3 },
      { records: 2, state: "handled" },
      { records: 1, state: 0 },
      { records: 2, state: 1 },
    ];
    const window = windowOf([], { from: 10, runs });
    expect(window.runs()).toEqual(runs);
    window.add(recordsOf([10, 11]), () => true);
    expect(window.runs()).toEqual(runs);
    window.add(recordsOf([12, 13, 14, 15, 16]), () => true);
    const entries = await window.take(everything, never);
    expect(entries.map(({ deliveryCount }) => deliveryCount)).toEqual([3, 0, 1, 1, 0]);
    expect(offsetsOf(entries)).toEqual([10, 13, 14, 15, 16]);
    expect(window.runs()).toEqual(runs);
  });
});

describe("taking", () => {
  test("is in order, and what was given back comes first", async () => {
    const window = windowOf([0, 1, 2, 3, 4]);
    const entries = await taken(window, 3);
    window.giveBack([entries[2]!, entries[0]!]);
    expect(offsetsOf(await taken(window))).toEqual([0, 2, 3, 4]);
  });

  test("takes no more than there is room for, but one record at least", async () => {
    const window = new DeliveryWindow();
    window.begin(0n, []);
    window.add(recordsOf([0, 1, 2, 3], 100), () => true);
    expect(offsetsOf(await window.take({ items: 9, bytes: 250 }, never))).toEqual([0, 1]);
    expect(offsetsOf(await window.take({ items: 9, bytes: 1 }, never))).toEqual([2]);
    expect(offsetsOf(await window.take({ items: 1, bytes: 1_000 }, never))).toEqual([3]);
  });

  test("gives everybody who waits a share", async () => {
    const window = windowOf([]);
    const waiting = [1, 2, 3].map(() => taken(window));
    window.add(recordsOf([0, 1, 2, 3]), () => true);
    expect((await Promise.all(waiting)).map(offsetsOf)).toEqual([[0, 1], [2], [3]]);
  });

  test("ends with nothing when the taker goes", async () => {
    const window = windowOf([]);
    const going = new AbortController();
    const waiting = window.take(everything, going.signal);
    going.abort();
    expect(await waiting).toEqual([]);
    window.add(recordsOf([0]), () => true);
    expect(offsetsOf(await taken(window))).toEqual([0]);
  });

  test("what another has now is neither given back nor handled here", async () => {
    const window = windowOf([0]);
    const [before] = await taken(window);
    window.begin(0n, []);
    window.add(recordsOf([0]), () => true);
    expect(window.finish(before!)).toBe(false);
    window.giveBack([before!]);
    expect(offsetsOf(await taken(window))).toEqual([0]);
    expect(window.next).toBe(0n);
  });
});

describe("room", () => {
  test("is there until much is ready, and again when it was taken", async () => {
    const window = windowOf([]);
    const { items } = await window.room(never);
    window.add(recordsOf(Array.from({ length: items }, (_, offset) => offset)), () => true);
    let hasRoom = false;
    const waiting = window.room(never).then(() => {
      hasRoom = true;
    });
    await Promise.resolve();
    expect(hasRoom).toBe(false);
    await taken(window, 1);
    await waiting;
  });

  test("is not waited for by somebody who goes", async () => {
    const window = windowOf([]);
    const { items } = await window.room(never);
    window.add(recordsOf(Array.from({ length: items }, (_, offset) => offset)), () => true);
    const going = new AbortController();
    const waiting = window.room(going.signal);
    going.abort(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
  });
});
