import { expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { LogCursor } from "./log-cursor.js";
import { PartitionLog } from "./partition-log.js";
import { ManualClock } from "./testing/manual-clock.js";

const options = { partitions: 1, compaction: false };
const clock = new ManualClock();

/** A partition with so many records of 100 bytes. */
function filled(partition: number, records: number): PartitionLog {
  const log = new PartitionLog({ partition, budget: new ByteBudget(1e9), clock }, options);
  const payload = Buffer.alloc(100);
  for (let count = 0; count < records; count++) log.append({ id: "", key: "", headers: [], contentType: "", payload });
  return log;
}

const places = (records: readonly { readonly partition: number; readonly offset: bigint }[]) =>
  records.map(({ partition, offset }) => `${partition}:${offset}`);

test("records are taken within the room, one at least", () => {
  const cursor = new LogCursor();
  cursor.add(filled(0, 6), 1n);
  expect(places(cursor.take({ items: 2, bytes: 1e6 }))).toEqual(["0:1", "0:2"]);
  expect(places(cursor.take({ items: 10, bytes: 250 }))).toEqual(["0:3", "0:4"]);
  expect(places(cursor.take({ items: 10, bytes: 1 }))).toEqual(["0:5"]);
  expect(places(cursor.take({ items: 10, bytes: 1e6 }))).toEqual([]);
});

test("partitions take turns, so that a full one does not starve another", () => {
  const cursor = new LogCursor();
  cursor.add(filled(0, 100), 0n);
  cursor.add(filled(1, 100), 0n);
  const taken = Array.from({ length: 4 }, () => cursor.take({ items: 10, bytes: 1e6 })[0]!.partition);
  expect(taken).toEqual([0, 1, 0, 1]);
});

test("an end is not passed, and is known to be reached", () => {
  const log = filled(0, 5);
  const cursor = new LogCursor();
  cursor.add(log, 0n, 3n);
  expect(cursor.hasPassed(() => 3n)).toBe(false);
  expect(places(cursor.take({ items: 10, bytes: 1e6 }))).toEqual(["0:0", "0:1", "0:2"]);
  expect(cursor.hasPassed(() => 3n)).toBe(true);
  expect(places(cursor.take({ items: 10, bytes: 1e6 }))).toEqual([]);
});

test("a partition that is not kept is not read, and begins where it is told when it comes back", () => {
  const logs = [filled(0, 3), filled(1, 3)];
  const cursor = new LogCursor();
  for (const log of logs) cursor.add(log, 0n);
  cursor.keep([1]);
  expect([cursor.has(0), cursor.has(1)]).toEqual([false, true]);
  expect(places(cursor.take({ items: 10, bytes: 1e6 }))).toEqual(["1:0", "1:1", "1:2"]);
  cursor.add(logs[0]!, 2n);
  expect(places(cursor.take({ items: 10, bytes: 1e6 }))).toEqual(["0:2"]);
});
