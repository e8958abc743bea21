/** The bytes in memory that holds little else: they came with the rest of their message around them. */
export function compact(bytes: Uint8Array): Uint8Array {
  return bytes.length * 4 >= bytes.buffer.byteLength * 3 ? bytes : new Uint8Array(bytes);
}
