import type { Duration } from "./gen/google/protobuf/duration.js";
import type { Timestamp } from "./gen/google/protobuf/timestamp.js";

const nanosPerMs = 1_000_000;

/** Makes a `google.protobuf.Duration` of milliseconds; parts of a ms are kept to the ns. */
export function durationFromMs(durationMs: number): Duration {
  const wholeSeconds = Math.trunc(durationMs / 1000);
  return { seconds: BigInt(wholeSeconds), nanos: Math.round((durationMs - wholeSeconds * 1000) * nanosPerMs) };
}

/** Milliseconds of a `google.protobuf.Duration`, with the parts of a ms as a fraction. */
export function msFromDuration(duration: Duration): number {
  return Number(duration.seconds) * 1000 + duration.nanos / nanosPerMs;
}

/** Makes a `google.protobuf.Timestamp` of whole ms since the Unix epoch; before it, nanos still count forward. */
export function timestampFromMs(epochMs: number): Timestamp {
  const wholeSeconds = Math.floor(epochMs / 1000);
  return { seconds: BigInt(wholeSeconds), nanos: Math.round((epochMs - wholeSeconds * 1000) * nanosPerMs) };
}

/** Milliseconds since the Unix epoch of a `google.protobuf.Timestamp`, with the parts of a ms as a fraction. */
export function msFromTimestamp(timestamp: Timestamp): number {
  return Number(timestamp.seconds) * 1000 + timestamp.nanos / nanosPerMs;
}
