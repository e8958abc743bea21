import { describe, expect, test } from "vitest";
import { adviseBackend, adviseNamespace, partitionsFor } from "./advice.js";
import type { SeenBackend, SeenLog, SeenNamespace } from "./seen.js";

const quiet: SeenNamespace = {
  ...{ namespace: "orders", backend: "events", reads: 0, writes: 0, refused: 0 },
  ...{ callsMax: undefined, log: undefined },
};
const log = (part: Partial<SeenLog>): SeenNamespace => ({
  ...quiet,
  log: { records: [0], isPartitioned: true, isGrowable: true, lag: undefined, ...part },
});
const backend = (part: Partial<SeenBackend>): SeenBackend => ({
  ...{ backend: "main", plugin: "postgres", calls: 0, cores: undefined, connectionsMax: undefined },
  ...{ replicas: { now: 1, min: 1, max: 1, isReplicable: true }, ...part },
});

describe("nothing is advised", () => {
  const enough: readonly (readonly [string, SeenNamespace])[] = [
    ["where nothing happens", quiet],
    ["below the limit, though some calls came at once", { ...quiet, writes: 80, refused: 3, callsMax: 100 }],
    ["where a limit that is not on calls refuses", { ...quiet, writes: 80, refused: 3 }],
    ["for partitions that take what comes", log({ records: [500, 500] })],
    ["for more partitions than are needed: none can be taken away", log({ records: [1, 1, 1, 1] })],
    ["for a log of one partition that is not busy, though it has everything", log({ records: [400] })],
    ["for a group that catches up", log({ lag: { records: 50_000, growth: -10 } })],
    ["for a group that is a few batches behind", log({ lag: { records: 900, growth: 10 } })],
  ];
  test.each(enough)("%s", (_, seen) => expect(adviseNamespace(seen)).toEqual([]));

  test("for a backend that is not busy", () => {
    expect(adviseBackend(backend({ calls: 1_000, cores: 0.5 }))).toEqual([]);
    expect(adviseBackend(backend({ plugin: "redis", calls: 100_000, cores: 0.5 }))).toEqual([]);
  });
});

test("a limit that refuses calls is told with the rate that came, and the headroom that plans give", () => {
  expect(adviseNamespace({ ...quiet, reads: 60, writes: 90, refused: 50, callsMax: 100 })).toMatchObject([
    {
      ...{ namespace: "orders", setting: "limits.calls_per_second", current: "100", advised: "300" },
      reason: "150 calls/s came and 50 calls/s were refused; 150 calls/s × 2",
    },
  ]);
});

test("a log with more records than its partitions take gets as many as plans would give it", () => {
  expect(adviseNamespace(log({ records: [600, 604] }))).toMatchObject([
    {
      ...{ namespace: "orders", setting: "options.partitions", current: "2", advised: "3" },
      reason: "1,200 records/s ÷ 500 records/s per partition, rounded up",
      effect: expect.stringContaining("the order of a key does not hold"),
    },
  ]);
});

test("a log that may not grow says what it would cost, one on a backend without partitions what would take more", () => {
  const [fixed] = adviseNamespace(log({ records: [900], isGrowable: false }));
  expect(fixed).toMatchObject({ setting: "options.partitions", effect: expect.stringContaining("growable: true") });
  const [single] = adviseNamespace(log({ records: [900], isPartitioned: false }));
  expect(single).toMatchObject({ setting: undefined, effect: expect.stringContaining("capability partitions") });
});

test("few keys with most of the records are told from too few partitions", () => {
  expect(adviseNamespace(log({ records: [900, 10, 10, 10] }))).toMatchObject([
    { setting: undefined, reason: "partition 0 gets 900 records/s of 930 records/s" },
  ]);
});

test("a group that falls behind is told how many members help", () => {
  expect(adviseNamespace(log({ records: [10, 10], lag: { records: 5_000, growth: 20 } }))).toMatchObject([
    {
      reason: "the group is 5,000 records behind, 20 records/s more all the time",
      effect: expect.stringContaining("at most 2"),
    },
  ]);
});

test("a pool is told by the calls of all namespaces, up to what it can be set to", () => {
  expect(adviseBackend(backend({ calls: 2_500, connectionsMax: 20 }))).toMatchObject([
    { namespace: undefined, backend: "main", setting: "settings.pool_size", current: "20", advised: "25" },
  ]);
  expect(adviseBackend(backend({ calls: 1_100 }))).toMatchObject([{ current: "10", advised: "11" }]);
  expect(adviseBackend(backend({ calls: 1_000_000 }))).toMatchObject([{ advised: "200" }]);
});

test("plugin processes that are busy are told with how many are right, and with what else helps where there may be one", () => {
  const busy = { plugin: "redis", calls: 9_000, cores: 0.93 };
  expect(adviseBackend(backend(busy))).toMatchObject([
    {
      ...{ setting: "replicas", current: "1", advised: "2", effect: expect.stringMatching(/allows 1 now$/) },
      reason: expect.stringMatching(/^its plugin process uses 0.93 cores for 9,000 calls\/s/),
    },
  ]);
  const two = { now: 2, min: 1, max: 4, isReplicable: true };
  expect(adviseBackend(backend({ ...busy, replicas: two }))).toEqual([]);
  const alone = { now: 1, min: 1, max: 1, isReplicable: false };
  expect(adviseBackend(backend({ ...busy, replicas: alone }))).toMatchObject([
    { setting: undefined, effect: expect.stringContaining("another backend") },
  ]);
});

test("no log needs fewer than one partition, or more than a thousand", () => {
  expect([0, 500, 501, 10_000, 1e9].map(partitionsFor)).toEqual([1, 1, 2, 20, 1_000]);
});
