import { counterOverflowError, notACounterError } from "./key-value-errors.js";

/** Zero, or digits without a leading zero, with `-` before them or nothing. */
const canonicalInteger = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The longest int64 in decimal: -9223372036854775808. Longer values are not worth decoding. */
const counterBytesMax = 20;

/**
 * The sum of a counter and `delta`, exact over all of int64. `value` is what is stored under the key: ASCII, `0` or
 * `-?[1-9][0-9]*`, in the range of int64; `undefined`: the key is missing and counts as 0. What to store is
 * `Buffer.from(String(sum))`.
 *
 * Throws `NOT_A_COUNTER` for any other value and `COUNTER_OVERFLOW` when the sum leaves int64. Pure: the store makes reading,
 * adding and writing one atomic step. Source: `prism.keyvalue.v1.KeyValueService.Increment`.
 */
export function addToCounter(key: string, value: Uint8Array | undefined, delta: bigint): bigint {
  const counter = value === undefined ? 0n : parseCounter(value);
  if (counter === undefined) throw notACounterError(key);
  const sum = counter + delta;
  if (!fitsInt64(sum)) throw counterOverflowError(key);
  return sum;
}

function parseCounter(value: Uint8Array): bigint | undefined {
  if (value.length > counterBytesMax) return undefined;
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
  if (!canonicalInteger.test(text)) return undefined;
  const counter = BigInt(text);
  return fitsInt64(counter) ? counter : undefined;
}

function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
