import { GatewayError } from "../../errors.js";
import type { IdempotencyToken } from "../../patterns/key-value.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import type * as idempotency from "../gen/prism/idempotency/v1/token.js";
import { batchEntriesMax, etagBytesMax, keyBytesMax, nonceBytesMax, ttlMsMax } from "./key-value-bounds.js";

/** A UTF-16 unit is at most 3 bytes of UTF-8: texts up to this length need no counting. */
const unitBytesMax = 3;
/** The last second that a Timestamp can hold: the end of the year 9999. */
const timestampSecondsMax = 253_402_300_799n;

/** Says what is wrong with one field; `field` is its path as the proto spells it. */
export function invalidField(field: string, description: string): GatewayError {
  return new GatewayError("INVALID_FIELD", `${field}: ${description}.`, { fieldViolations: [{ field, description }] });
}

export function checkKey(key: string, field: string): void {
  if (key.length === 0) throw invalidField(field, `is empty; give 1 to ${keyBytesMax} bytes of UTF-8`);
  checkPrefix(key, field);
}

/** Also for the ends of a range: all of them may be empty. */
export function checkPrefix(prefix: string, field: string): void {
  if (prefix.length * unitBytesMax <= keyBytesMax) return;
  const sizeBytes = Buffer.byteLength(prefix);
  if (sizeBytes > keyBytesMax)
    throw invalidField(field, `is ${sizeBytes} bytes long; at most ${keyBytesMax} are allowed`);
}

export function checkEtag(etag: string, field: string): void {
  if (etag.length === 0)
    throw invalidField(field, "is empty; give the etag that an answer carried, or leave the field out");
  const sizeBytes = Buffer.byteLength(etag);
  if (sizeBytes > etagBytesMax)
    throw invalidField(field, `is ${sizeBytes} bytes long; etags have at most ${etagBytesMax}`);
}

export function checkValue(value: Uint8Array, limitBytes: number, field: string): void {
  if (value.length <= limitBytes) return;
  const description = `is ${value.length} bytes long; this namespace allows ${limitBytes}`;
  throw new GatewayError("VALUE_TOO_LARGE", `${field}: ${description}. Split the value or store it elsewhere.`, {
    metadata: { size_bytes: String(value.length), limit_bytes: String(limitBytes) },
    fieldViolations: [{ field, description }],
  });
}

export function checkBatchSize(entries: number, field: string): void {
  if (entries < 1 || entries > batchEntriesMax) {
    throw invalidField(field, `has ${entries} entries; give 1 to ${batchEntriesMax}`);
  }
}

export function checkedTtlMs(ttl: Duration, grainMs: number, field: string): number {
  if (Math.abs(ttl.nanos) > 999_999_999 || (ttl.seconds > 0n && ttl.nanos < 0) || (ttl.seconds < 0n && ttl.nanos > 0)) {
    throw invalidField(field, "is no valid Duration: nanos are out of range or have another sign than seconds");
  }
  if (ttl.seconds < 0n || ttl.nanos < 0 || (ttl.seconds === 0n && ttl.nanos === 0)) {
    throw invalidField(field, "must be more than 0; leave it out for a key that stays");
  }
  // Compared in whole ns: a number cannot hold ten years of them.
  const ttlNanos = ttl.seconds * 1_000_000_000n + BigInt(ttl.nanos);
  if (ttlNanos > BigInt(ttlMsMax) * 1_000_000n) {
    throw invalidField(field, `must be at most 10 years (${ttlMsMax / 1000} s); leave it out for a key that stays`);
  }
  if (ttlNanos % (BigInt(grainMs) * 1_000_000n) !== 0n) {
    throw invalidField(field, `must be a whole multiple of ${grainMs} ms, the grain of this namespace's backend`);
  }
  return Number(ttlNanos / 1_000_000n);
}

export function checkedToken(token: idempotency.IdempotencyToken, field: string): IdempotencyToken {
  const { time, nonce } = token;
  if (time === undefined) throw invalidField(`${field}.time`, "is required: when the write was first tried");
  if (nonce.length < 1 || nonce.length > nonceBytesMax) {
    throw invalidField(`${field}.nonce`, `is ${nonce.length} bytes long; give 1 to ${nonceBytesMax} random bytes`);
  }
  return { timeMicros: checkedMicros(time, `${field}.time`), nonce };
}

function checkedMicros({ seconds, nanos }: Timestamp, field: string): bigint {
  if (seconds < 0n || seconds > timestampSecondsMax || nanos < 0 || nanos > 999_999_999) {
    throw invalidField(field, "must be a time from 1970 to 9999 with nanos from 0 to 999999999");
  }
  if (nanos % 1_000 !== 0) throw invalidField(field, "must be whole microseconds");
  return seconds * 1_000_000n + BigInt(nanos / 1_000);
}
