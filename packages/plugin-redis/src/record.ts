import { type Entry, etagSourceBytes } from "@prism-data/pattern-sdk";
import { foreignRecord } from "./errors.js";

/**
 * How a value is stored: one Redis string, so that a read is one plain GET.
 *
 *     byte 0       the layout's version, 1
 *     bytes 1–8    when the key expires, in ms since the epoch, unsigned and big-endian; 0: never
 *     bytes 9–30   the etag, ASCII
 *     bytes 31–    the value
 *
 * The key's own expiry in Redis is the same moment; it is repeated here because GET does not tell it. The scripts know this
 * layout: they compare etags and patch the expiry in place.
 */
export const recordLayout = { version: 1, expiryAt: 1, etagAt: 9, valueAt: 9 + etagSourceBytes } as const;

const expiryBytes = recordLayout.etagAt - recordLayout.expiryAt;

/** 2^32, the weight of the upper half of the expiry. */
const upperHalf = 0x1_0000_0000;

/** Builds a record. Copies the value once: Redis takes a string in one piece. */
export function encodeRecord(entry: Entry): Buffer {
  const record = Buffer.allocUnsafe(recordLayout.valueAt + entry.value.length);
  record[0] = recordLayout.version;
  writeExpiry(record, recordLayout.expiryAt, entry.expiresAtMs);
  record.write(entry.etag, recordLayout.etagAt, etagSourceBytes, "latin1");
  record.set(entry.value, recordLayout.valueAt);
  return record;
}

/** Reads a record. The entry's value is a view into it; of a header alone, it is empty. */
export function decodeRecord(record: Buffer): Entry {
  if (record.length < recordLayout.valueAt || record[0] !== recordLayout.version) throw foreignRecord();
  const etag = record.toString("latin1", recordLayout.etagAt, recordLayout.valueAt);
  return { value: record.subarray(recordLayout.valueAt), etag, expiresAtMs: readExpiry(record) };
}

/** The bytes that stand for an expiry in a record; `undefined`: never. */
export function encodeExpiry(expiresAtMs: number | undefined): Buffer {
  const bytes = Buffer.allocUnsafe(expiryBytes);
  writeExpiry(bytes, 0, expiresAtMs);
  return bytes;
}

function writeExpiry(target: Buffer, at: number, expiresAtMs = 0): void {
  target.writeUInt32BE(Math.floor(expiresAtMs / upperHalf), at);
  target.writeUInt32BE(expiresAtMs % upperHalf, at + 4);
}

function readExpiry(record: Buffer): number | undefined {
  const { expiryAt } = recordLayout;
  const expiresAtMs = record.readUInt32BE(expiryAt) * upperHalf + record.readUInt32BE(expiryAt + 4);
  return expiresAtMs === 0 ? undefined : expiresAtMs;
}
