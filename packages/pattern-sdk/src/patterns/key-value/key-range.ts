import type { ScanSelection } from "./key-value.js";

/** A range of keys in order of their UTF-8 bytes: from `start` (inclusive) to `end` (exclusive). */
export interface KeyRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

/** Sorts after every key: 0xff never stands in UTF-8. */
const afterAllKeys = Buffer.of(0xff);

/** The keys that start with `prefix`, byte for byte; `""` is every key. Pure. */
export function prefixRange(prefix: string): KeyRange {
  const start = Buffer.from(prefix);
  if (start.length === 0) return { start, end: afterAllKeys };
  const end = Buffer.from(start);
  // The last byte of UTF-8 text is at most 0xbf, so adding one does not carry.
  end[end.length - 1]! += 1;
  return { start, end };
}

/** The keys that a scan visits; after a page that ended with the key `after`, the rest of them. Pure. */
export function selectedRange(selection: ScanSelection, after: Buffer | undefined): KeyRange {
  const { start, end } =
    selection.kind === "prefix"
      ? prefixRange(selection.prefix)
      : { start: Buffer.from(selection.start), end: selection.end === "" ? afterAllKeys : Buffer.from(selection.end) };
  return { start: after === undefined ? start : Buffer.concat([after, Buffer.of(0)]), end };
}
