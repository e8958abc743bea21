// How the parts of a message are written (protobuf's encoding), for the few that are written by hand.

/** The bytes of a field that has a length, with its one-byte tag. */
export function fieldSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** The bytes of a number, 0 to 2^53. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = withoutSevenBits(rest)) size++;
  return size;
}

/** Writes a one-byte tag, and a number or a length: 0 to 2^53. Returns the position behind. */
export function writeHead(bytes: Buffer, start: number, tag: number, value: number): number {
  let position = start;
  bytes[position++] = tag;
  let rest = value;
  for (; rest > 0x7f; rest = withoutSevenBits(rest)) bytes[position++] = (rest & 0x7f) | 0x80;
  bytes[position++] = rest;
  return position;
}

/** A shift takes 32 bits alone. */
function withoutSevenBits(value: number): number {
  return value > 0xffff_ffff ? Math.floor(value / 0x80) : value >>> 7;
}
