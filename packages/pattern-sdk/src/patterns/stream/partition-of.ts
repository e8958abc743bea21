/** Source: Kafka's `org.apache.kafka.common.utils.Utils.murmur2`. */
const seed = 0x9747b28c;
const multiplier = 0x5bd1e995;
const rotation = 24;

/**
 * The partition of a key, 0 to `partitions` - 1: what Kafka's default partitioner chooses for the key's UTF-8 bytes, so that records
 * fall as they do there. `partitions` is 1 or more. Pure. Source: Kafka's `BuiltInPartitioner.partitionForKey`.
 */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

function murmur2(bytes: Uint8Array): number {
  const wordsEnd = bytes.length & ~3;
  let hash = seed ^ bytes.length;
  for (let at = 0; at < wordsEnd; at += 4) hash = Math.imul(hash, multiplier) ^ mixed(wordAt(bytes, at));
  for (let at = bytes.length - 1; at >= wordsEnd; at--) hash ^= bytes[at]! << (8 * (at - wordsEnd));
  if (bytes.length > wordsEnd) hash = Math.imul(hash, multiplier);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, multiplier);
  return hash ^ (hash >>> 15);
}

function mixed(word: number): number {
  const product = Math.imul(word, multiplier);
  return Math.imul(product ^ (product >>> rotation), multiplier);
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
