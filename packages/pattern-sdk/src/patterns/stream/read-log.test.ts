import { describe, expect, test } from "vitest";
import { ArrayLog, PlacesOutlet } from "./array-log.fixture.js";
import { readLog } from "./read-log.js";
import type { ReadRequest } from "./stream.js";

const never = new AbortController().signal;

async function read(log: ArrayLog, request: Partial<ReadRequest>, outlet = new PlacesOutlet()): Promise<string[]> {
  await readLog(log, { start: { kind: "earliest" }, follow: false, ...request }, { outlet, signal: never });
  return outlet.sent;
}

describe("a read", () => {
  test.each([
    ["from the earliest record", { kind: "earliest" }, ["0:2", "0:3", "0:4"]],
    ["from after the latest", { kind: "latest" }, []],
    ["from an offset", { kind: "offset", offset: 3n }, ["0:3", "0:4"]],
    ["from where retention begins", { kind: "offset", offset: 2n }, ["0:2", "0:3", "0:4"]],
    ["from an offset that is not there yet", { kind: "offset", offset: 2n ** 62n }, []],
    ["from a time", { kind: "time", timeMs: 31.5 }, ["0:4"]],
    ["from a time after all", { kind: "time", timeMs: 1_000 }, []],
  ] as const)("%s has what is there, and has caught up", async (_, start, records) => {
    const log = new ArrayLog([5]);
    log.retainedFrom[0] = 2;
    expect(await read(log, { start })).toEqual([...records, "caught up"]);
  });

  test("from an offset that retention has removed says where the partition begins", async () => {
    const log = new ArrayLog([0, 5]);
    log.retainedFrom[1] = 2;
    const request = { partition: 1, start: { kind: "offset", offset: 1n } } as const;
    await expect(read(log, request)).rejects.toMatchObject({
      reason: "OFFSET_OUT_OF_RANGE",
      metadata: { partition: "1", earliest_offset: "2" },
    });
  });

  test("has no more than its limit, however much room there is", async () => {
    expect(await read(new ArrayLog([5]), { limit: 2n })).toEqual(["0:0", "0:1"]);
    const narrow = new PlacesOutlet({ items: 1, bytes: 1 });
    expect(await read(new ArrayLog([2, 2]), { limit: 3n }, narrow)).toEqual(["0:0", "1:0", "0:1"]);
  });

  test("of one partition has no other's records", async () => {
    expect(await read(new ArrayLog([2, 2]), { partition: 1 })).toEqual(["1:0", "1:1", "caught up"]);
  });

  test("ends at the end that the log had when it began", async () => {
    const log = new ArrayLog([2]);
    const reading = read(log, {});
    log.append(0);
    expect(await reading).toEqual(["0:0", "0:1", "caught up"]);
  });

  test("that follows has what comes later, says once that it has caught up, and ends with its call", async () => {
    const log = new ArrayLog([1]);
    const outlet = new PlacesOutlet();
    const call = new AbortController();
    const request = { start: { kind: "earliest" }, follow: true } as const;
    const reading = readLog(log, request, { outlet, signal: call.signal });
    await expect.poll(() => outlet.sent).toEqual(["0:0", "caught up"]);
    log.append(0);
    await expect.poll(() => outlet.sent).toEqual(["0:0", "caught up", "0:1"]);
    call.abort();
    await reading;
  });
});
