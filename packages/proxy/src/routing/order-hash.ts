const prefixBytes = 5;
const namespaceTag = 0x0a;
const orderFieldTag = 0x12;

/** FNV-1a over 32 bits. */
const hashStart = 0x811c9dc5;
const hashFactor = 0x01000193;

/** Of the calls of one namespace that keep their order together. */
export function namespaceHash(namespace: string): number {
  let hash = hashStart;
  for (let at = 0; at < namespace.length; at += 1) hash = Math.imul(hash ^ namespace.charCodeAt(at), hashFactor);
  return hash;
}

/**
 * Of the calls of one namespace whose field 2 has the same value: a key, a topic. Looks where encoders put it, right behind the namespace
 * in the first bytes of the request; the namespace stands for what is elsewhere, so that such calls keep their order, too.
 */
export function fieldHash(namespace: string, start: Buffer | undefined): number {
  const hash = namespaceHash(namespace);
  if (start === undefined || start[prefixBytes] !== namespaceTag) return hash;
  const tagAt = prefixBytes + 2 + start[prefixBytes + 1]!;
  if (start[tagAt] !== orderFieldTag) return hash;
  const [sizeBytes, valueAt] = lengthAt(start, tagAt + 1);
  return valueAt + sizeBytes > start.length ? hash : hashOf(start.subarray(valueAt, valueAt + sizeBytes), hash);
}

/** A length of one or two bytes, as keys and topics have; of more, one that no buffer has. */
function lengthAt(bytes: Buffer, at: number): [sizeBytes: number, next: number] {
  const [low = 0x80, high = 0x80] = bytes.subarray(at, at + 2);
  if (low < 0x80) return [low, at + 1];
  return high < 0x80 ? [(high << 7) | (low & 0x7f), at + 2] : [Number.POSITIVE_INFINITY, at];
}

function hashOf(bytes: Buffer, start: number): number {
  let hash = start;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, hashFactor);
  return hash;
}
