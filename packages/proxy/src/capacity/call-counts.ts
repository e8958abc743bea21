import { type MethodTraits, methodTraits, patternServices } from "@prism-data/pattern-sdk/protocol";
import { GrpcCode } from "@prism-data/transport";
import { type CallMetrics, durationBucketsMs } from "../telemetry/call-metrics.js";

/** What the calls to one namespace have counted so far. */
export interface CallCounts {
  readonly reads: number;
  readonly writes: number;
  readonly refused: number;
  readonly writtenBytes: number;
  /** Calls with one answer, by the bucket of `durationBucketsMs`; the last are those above all. */
  readonly countByBucket: readonly number[];
}

const bucketCount = durationBucketsMs.length + 1;

/** Nothing yet. */
export const noCounts: CallCounts = {
  ...{ reads: 0, writes: 0, refused: 0, writtenBytes: 0 },
  countByBucket: new Array<number>(bucketCount).fill(0),
};

/** Adds up the calls of each namespace. */
export function countsByNamespace(calls: Iterable<CallMetrics>): ReadonlyMap<string, CallCounts> {
  const counts = new Map<string, CallCounts>();
  for (const call of calls) {
    const { namespace } = call.labels;
    counts.set(
      namespace,
      combined(counts.get(namespace) ?? noCounts, countsOf(call), (one, other) => one + other),
    );
  }
  return counts;
}

/** What was counted between two moments. */
export function countsBetween(before: CallCounts, after: CallCounts): CallCounts {
  return combined(after, before, (later, earlier) => later - earlier);
}

/** The time that this part of the calls stayed below, in ms: between two buckets' bounds by the share. `undefined`: there was no call. */
export function quantileMs({ countByBucket }: CallCounts, part: number): number | undefined {
  const all = countByBucket.reduce((sum, count) => sum + count, 0);
  let left = all * part;
  for (const [bucket, count] of countByBucket.entries()) {
    const above = durationBucketsMs[bucket];
    const below = durationBucketsMs[bucket - 1] ?? 0;
    if (count > 0 && left <= count) return above === undefined ? below : below + ((above - below) * left) / count;
    left -= count;
  }
  return undefined;
}

function countsOf({ labels, ended, countByCode, countByBucket, requestBytes }: CallMetrics): CallCounts {
  const { readOnly, streaming } = traitsOf(labels);
  const inBuckets = countByBucket.reduce((sum, count) => sum + count, 0);
  return {
    reads: readOnly ? ended : 0,
    writes: readOnly ? 0 : ended,
    refused: countByCode[GrpcCode.RESOURCE_EXHAUSTED]!,
    writtenBytes: readOnly ? 0 : requestBytes,
    countByBucket: streaming === "none" ? [...countByBucket, ended - inBuckets] : noCounts.countByBucket,
  };
}

function traitsOf({ pattern, method }: CallMetrics["labels"]): Pick<MethodTraits, "readOnly" | "streaming"> {
  const service = (patternServices as Readonly<Record<string, string>>)[pattern];
  return methodTraits(`/${service}/${method}`) ?? { readOnly: false, streaming: "both" };
}

function combined(one: CallCounts, other: CallCounts, combine: (one: number, other: number) => number): CallCounts {
  return {
    reads: combine(one.reads, other.reads),
    writes: combine(one.writes, other.writes),
    refused: combine(one.refused, other.refused),
    writtenBytes: combine(one.writtenBytes, other.writtenBytes),
    countByBucket: one.countByBucket.map((count, bucket) => combine(count, other.countByBucket[bucket]!)),
  };
}
