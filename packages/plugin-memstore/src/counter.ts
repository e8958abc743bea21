/** Zero, or digits without a leading zero, with `-` before them or nothing. */
const decimalInteger = /^(?:0|-?[1-9][0-9]{0,18})$/;

/** The longest int64 in decimal: -9223372036854775808. Longer values are not worth decoding. */
const counterBytesMax = 20;

/** Reads a stored counter: a decimal signed 64-bit integer in ASCII. `undefined`: it is none. */
export function parseCounter(value: Uint8Array): bigint | undefined {
  if (value.length > counterBytesMax) return undefined;
  const text = Buffer.from(value.buffer, value.byteOffset, value.length).toString("latin1");
  if (!decimalInteger.test(text)) return undefined;
  const counter = BigInt(text);
  return fitsInt64(counter) ? counter : undefined;
}

export function fitsInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
