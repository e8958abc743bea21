import { GrpcCode } from "@prism-data/transport";
import { expect, test } from "vitest";
import { CallMetrics } from "../telemetry/call-metrics.js";
import { countsBetween, countsByNamespace, noCounts, quantileMs } from "./call-counts.js";

const counted = (
  namespace: string,
  method: string,
  calls: readonly { code?: number; ms?: number; bytes?: number }[],
) => {
  const metrics = new CallMetrics({ namespace, pattern: "key-value", method });
  for (const { code = GrpcCode.OK, ms = 1, bytes = 0 } of calls) {
    metrics.begin();
    metrics.received(bytes);
    metrics.end(code, ms);
  }
  return metrics;
};

test("calls are told apart by whether they change something, and summed by namespace", () => {
  const refused = { code: GrpcCode.RESOURCE_EXHAUSTED };
  const counts = countsByNamespace([
    counted("one", "Get", [{ bytes: 5 }, {}, refused]),
    counted("one", "Set", [{ bytes: 100 }, { bytes: 50 }, refused]),
    counted("two", "Set", [{ bytes: 7 }]),
  ]);
  expect(counts.get("one")).toMatchObject({ reads: 3, writes: 3, refused: 2, writtenBytes: 150 });
  expect(counts.get("two")).toMatchObject({ reads: 0, writes: 1, refused: 0, writtenBytes: 7 });
});

test("what was counted before is left out", () => {
  const calls = counted("one", "Set", [{ ms: 900, bytes: 10 }]);
  const before = countsByNamespace([calls]).get("one")!;
  calls.begin();
  calls.received(20);
  calls.end(GrpcCode.OK, 2);
  const between = countsBetween(before, countsByNamespace([calls]).get("one")!);
  expect(between).toMatchObject({ writes: 1, writtenBytes: 20 });
  expect(quantileMs(between, 0.99)).toBeLessThanOrEqual(2.5);
});

test("a quantile lies within the bucket that its call is in; calls that last for their stream are left out", () => {
  const slow = countsByNamespace([counted("one", "Get", [...Array(98).fill({ ms: 3 }), { ms: 70 }, { ms: 80 }])]);
  expect(quantileMs(slow.get("one")!, 0.5)).toBeGreaterThan(2.5);
  expect(quantileMs(slow.get("one")!, 0.5)).toBeLessThanOrEqual(5);
  expect(quantileMs(slow.get("one")!, 0.99)).toBeGreaterThan(50);
  expect(quantileMs(slow.get("one")!, 0.99)).toBeLessThanOrEqual(100);
  const above = countsByNamespace([counted("one", "Get", [{ ms: 40_000 }])]);
  expect(quantileMs(above.get("one")!, 0.99)).toBe(30_000);
  const watch = countsByNamespace([counted("one", "Watch", [{ ms: 40_000 }])]);
  expect(quantileMs(watch.get("one")!, 0.99)).toBeUndefined();
  expect(quantileMs(noCounts, 0.99)).toBeUndefined();
});
