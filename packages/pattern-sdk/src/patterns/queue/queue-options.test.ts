import { expect, test } from "vitest";
import { queueOptions, queueOptionsDefault } from "./queue-options.js";

test("nothing written means the defaults", () => {
  expect(queueOptions.parse({})).toEqual({
    maxDeliveries: 5,
    leaseMs: 30_000,
    deduplicationWindowMs: 300_000,
    retentionMs: undefined,
  });
  expect(queueOptionsDefault).toEqual(queueOptions.parse({}));
});

test("what is written is read", () => {
  const written = { max_deliveries: 1_000, lease: "12h", deduplication_window: "168h", retention_period: "1s" };
  expect(queueOptions.parse(written)).toEqual({
    maxDeliveries: 1_000,
    leaseMs: 43_200_000,
    deduplicationWindowMs: 604_800_000,
    retentionMs: 1_000,
  });
});
