import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { base64, rfc3339 } from "../../proto-json.js";

/** What stands under a key, in the names and forms of proto3 JSON: bytes are base64, times are RFC 3339. */
export function entryJson({ value, etag, expireTime }: Omit<keyvalue.ScanEntry, "key">): Record<string, unknown> {
  return { value: base64(value), etag, ...expiry(expireTime) };
}

/** One key of a scan. */
export function scanEntryJson(entry: keyvalue.ScanEntry, keysOnly: boolean): Record<string, unknown> {
  const { value, ...rest } = entryJson(entry);
  return { key: entry.key, ...(!keysOnly && { value }), ...rest };
}

/** One change of a watch. */
export function changeJson(change: keyvalue.Change): Record<string, unknown> {
  const kind = changeKindName(change.kind);
  return { kind, key: change.key, ...(change.kind === keyvalue.ChangeKind.SET && entryJson(change)) };
}

/** SET, DELETED or EXPIRED; the number of a kind that this version does not know. */
export function changeKindName(kind: number): string {
  return Object.entries(keyvalue.ChangeKind).find(([, number]) => number === kind)?.[0] ?? String(kind);
}

function expiry(expireTime: keyvalue.GetResponse["expireTime"]): Record<string, unknown> {
  return expireTime === undefined ? {} : { expireTime: rfc3339(expireTime) };
}
