import { expect, test } from "vitest";
import { ArrayLog, PlacesOutlet } from "./array-log.fixture.js";
import { LogCursor } from "./log-cursor.js";

/** What one look passes on. */
async function passed(cursor: LogCursor, room = { items: 10, bytes: 1e6 }): Promise<string[]> {
  const outlet = new PlacesOutlet();
  expect(await cursor.pass(room, outlet)).toBe(outlet.sent.length);
  return outlet.sent;
}

test("records are passed on within the room, one at least", async () => {
  const cursor = new LogCursor(new ArrayLog([6]));
  cursor.add(0, 1n);
  expect(await passed(cursor, { items: 2, bytes: 1e6 })).toEqual(["0:1", "0:2"]);
  expect(await passed(cursor, { items: 10, bytes: 250 })).toEqual(["0:3", "0:4"]);
  expect(await passed(cursor, { items: 10, bytes: 1 })).toEqual(["0:5"]);
  expect(await passed(cursor)).toEqual([]);
});

test("partitions take turns, so that a full one does not starve another", async () => {
  const cursor = new LogCursor(new ArrayLog([100, 100]));
  for (const partition of [0, 1]) cursor.add(partition, 0n);
  const first: string[] = [];
  for (let look = 0; look < 4; look++) first.push((await passed(cursor))[0]!);
  expect(first).toEqual(["0:0", "1:0", "0:10", "1:10"]);
});

test("one look fills the room from several partitions", async () => {
  const cursor = new LogCursor(new ArrayLog([2, 2, 2]));
  for (const partition of [0, 1, 2]) cursor.add(partition, 0n);
  expect(await passed(cursor, { items: 5, bytes: 1e6 })).toEqual(["0:0", "0:1", "1:0", "1:1", "2:0"]);
  expect(await passed(cursor)).toEqual(["2:1"]);
});

test("an end is not passed, and is known to be reached", async () => {
  const cursor = new LogCursor(new ArrayLog([5]));
  cursor.add(0, 0n, 3n);
  expect(cursor.hasPassed(() => 3n)).toBe(false);
  expect(await passed(cursor)).toEqual(["0:0", "0:1", "0:2"]);
  expect(cursor.hasPassed(() => 3n)).toBe(true);
  expect(await passed(cursor)).toEqual([]);
});

test("a partition that is not kept is not read, and begins where it is told when it comes back", async () => {
  const cursor = new LogCursor(new ArrayLog([3, 3]));
  for (const partition of [0, 1]) cursor.add(partition, 0n);
  cursor.keep([1]);
  expect([cursor.has(0), cursor.has(1)]).toEqual([false, true]);
  expect(await passed(cursor)).toEqual(["1:0", "1:1", "1:2"]);
  cursor.add(0, 2n);
  expect(await passed(cursor)).toEqual(["0:2"]);
});

test("records that were under way when their partition was lost are not passed on, even if it is back by then", async () => {
  const log = new ArrayLog([3, 1]);
  const cursor = new LogCursor(log);
  for (const partition of [0, 1]) cursor.add(partition, 0n);
  log.afterNextRead(() => {
    cursor.keep([1]);
    cursor.add(0, 2n);
  });
  expect(await passed(cursor)).toEqual(["1:0"]);
  expect(await passed(cursor)).toEqual(["0:2"]);
});

test("what comes later is delivered, until it ends", async () => {
  const log = new ArrayLog([1]);
  const cursor = new LogCursor(log);
  cursor.add(0, 0n);
  const ended = new AbortController();
  const outlet = new PlacesOutlet();
  const delivered = cursor.deliver(outlet, ended.signal);
  await expect.poll(() => outlet.sent).toEqual(["0:0"]);
  log.append(0);
  await expect.poll(() => outlet.sent).toEqual(["0:0", "0:1"]);
  ended.abort();
  await delivered;
});
