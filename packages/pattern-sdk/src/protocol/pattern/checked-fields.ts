import { GatewayError } from "../../errors.js";
import type { IdempotencyToken } from "../../patterns/idempotency-token.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type * as idempotency from "../gen/prism/idempotency/v1/token.js";
import { msFromTimestamp } from "../wire-time.js";

/** A UTF-16 unit is at most 3 bytes of UTF-8: texts up to this length need no counting. */
const unitBytesMax = 3;
/** The last second that a Timestamp can hold: the end of the year 9999. */
const timestampSecondsMax = 253_402_300_799n;
/** The longest nonce of an idempotency token, in bytes. Source: `prism.idempotency.v1.IdempotencyToken.nonce`. */
const nonceBytesMax = 16;

/** Says what is wrong with one field; `field` is its path as the proto spells it, such as `entries[3].key`. */
export function invalidField(field: string, description: string): GatewayError {
  return new GatewayError("INVALID_FIELD", `${field}: ${description}.`, { fieldViolations: [{ field, description }] });
}

/** A text of at least one byte. */
export function checkName(name: string, bytesMax: number, field: string): void {
  if (name.length === 0) throw invalidField(field, `is empty; give 1 to ${bytesMax} bytes of UTF-8`);
  checkText(name, bytesMax, field);
}

/** A text that may be empty. */
export function checkText(text: string, bytesMax: number, field: string): void {
  if (text.length * unitBytesMax <= bytesMax) return;
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > bytesMax) throw invalidField(field, `is ${sizeBytes} bytes long; at most ${bytesMax} are allowed`);
}

/** How many entries a repeated field has that must not be empty. */
export function checkCount(entries: number, max: number, field: string): void {
  if (entries < 1 || entries > max) throw invalidField(field, `has ${entries} entries; give 1 to ${max}`);
}

/** A number for which 0 means the default. */
export function atMost(value: number, max: number, field: string): number {
  if (value > max) throw invalidField(field, `is ${value}; give 0 to ${max}`);
  return value;
}

/** What a Duration may be. */
export interface DurationRange {
  /** Whether 0 is refused. */
  readonly aboveZero: boolean;
  /** At most this, in ms. */
  readonly maxMs: number;
  /** The same for people, such as `10 years (315576000 s)`. */
  readonly maxText: string;
  /** What to do instead of giving 0, less or more, such as `leave it out for a key that stays`. */
  readonly advice: string;
}

/** Milliseconds of a Duration that is a whole multiple of `grainMs`. */
export function checkedDurationMs(duration: Duration, range: DurationRange, grainMs: number, field: string): number {
  const { seconds, nanos } = duration;
  if (Math.abs(nanos) > 999_999_999 || (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0)) {
    throw invalidField(field, "is no valid Duration: nanos are out of range or have another sign than seconds");
  }
  // Compared in whole ns: a number cannot hold ten years of them.
  const durationNanos = seconds * 1_000_000_000n + BigInt(nanos);
  if (durationNanos < 0n || (range.aboveZero && durationNanos === 0n)) {
    throw invalidField(field, `must be ${range.aboveZero ? "more than 0" : "0 or more"}; ${range.advice}`);
  }
  if (durationNanos > BigInt(range.maxMs) * 1_000_000n) {
    throw invalidField(field, `must be at most ${range.maxText}; ${range.advice}`);
  }
  if (durationNanos % (BigInt(grainMs) * 1_000_000n) !== 0n) {
    throw invalidField(field, `must be a whole multiple of ${grainMs} ms`);
  }
  return Number(durationNanos / 1_000_000n);
}

export function checkedToken(token: idempotency.IdempotencyToken, field: string): IdempotencyToken {
  const { time, nonce } = token;
  if (time === undefined) throw invalidField(`${field}.time`, "is required: when the write was first tried");
  if (nonce.length < 1 || nonce.length > nonceBytesMax) {
    throw invalidField(`${field}.nonce`, `is ${nonce.length} bytes long; give 1 to ${nonceBytesMax} random bytes`);
  }
  return { timeMicros: checkedMicros(time, `${field}.time`), nonce };
}

/** Milliseconds since the Unix epoch of a Timestamp from 1970 to 9999, with the parts of a ms as a fraction. */
export function checkedTimeMs(time: Timestamp, field: string): number {
  checkTime(time, field);
  return msFromTimestamp(time);
}

/** Microseconds since the Unix epoch of a Timestamp from 1970 to 9999. */
export function checkedMicros(time: Timestamp, field: string): bigint {
  checkTime(time, field);
  const { seconds, nanos } = time;
  if (nanos % 1_000 !== 0) throw invalidField(field, "must be whole microseconds");
  return seconds * 1_000_000n + BigInt(nanos / 1_000);
}

function checkTime({ seconds, nanos }: Timestamp, field: string): void {
  if (seconds >= 0n && seconds <= timestampSecondsMax && nanos >= 0 && nanos <= 999_999_999) return;
  throw invalidField(field, "must be a time from 1970 to 9999 with nanos from 0 to 999999999");
}
