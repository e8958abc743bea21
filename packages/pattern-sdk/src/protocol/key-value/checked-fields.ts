import type { Duration } from "../gen/google/protobuf/duration.js";
import {
  checkedDurationMs,
  checkName,
  checkText,
  type DurationRange,
  invalidField,
} from "../pattern/checked-fields.js";
import { etagBytesMax, keyBytesMax, ttlMsMax } from "./key-value-bounds.js";

const ttlRange: DurationRange = {
  aboveZero: true,
  maxMs: ttlMsMax,
  maxText: `10 years (${ttlMsMax / 1000} s)`,
  advice: "leave it out for a key that stays",
};

export function checkKey(key: string, field: string): void {
  checkName(key, keyBytesMax, field);
}

/** Also for the ends of a range: all of them may be empty. */
export function checkPrefix(prefix: string, field: string): void {
  checkText(prefix, keyBytesMax, field);
}

export function checkEtag(etag: string, field: string): void {
  if (etag.length === 0)
    throw invalidField(field, "is empty; give the etag that an answer carried, or leave the field out");
  const sizeBytes = Buffer.byteLength(etag);
  if (sizeBytes > etagBytesMax)
    throw invalidField(field, `is ${sizeBytes} bytes long; etags have at most ${etagBytesMax}`);
}

export function checkedTtlMs(ttl: Duration, grainMs: number, field: string): number {
  return checkedDurationMs(ttl, ttlRange, grainMs, field);
}
