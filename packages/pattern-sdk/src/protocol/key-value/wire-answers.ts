import type { BatchResult } from "../../patterns/batch-result.js";
import type { Change, Entry, KeyedEntry, MutationResult, SetResult } from "../../patterns/key-value/key-value.js";
import type { Timestamp } from "../gen/google/protobuf/timestamp.js";
import * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { timestampFromMs } from "../wire-time.js";
import { entryOverheadBytesMax } from "./key-value-bounds.js";

const noBytes = new Uint8Array(0);

/** Says on the wire what one entry of a batch met. */
type StatusOfEntry = MethodEnvironment["statusOfEntry"];

export function optionalTime(epochMs: number | undefined): Timestamp | undefined {
  return epochMs === undefined ? undefined : timestampFromMs(epochMs);
}

export function wireEntry(entry: Entry | undefined): wire.GetResponse {
  if (entry === undefined) return { found: false, value: noBytes, etag: "", expireTime: undefined };
  return { found: true, value: entry.value, etag: entry.etag, expireTime: optionalTime(entry.expiresAtMs) };
}

/**
 * The results of a batch read. An entry that would push the answer over what fits into one message is replaced by `tooLarge`;
 * a first entry always fits, so asking again for what is missing comes to an end.
 */
export function wireReads(
  results: readonly BatchResult<Entry | undefined>[],
  statusOfEntry: StatusOfEntry,
  tooLarge: unknown,
): wire.BatchGetResult[] {
  const refusal: wire.BatchGetResult = { outcome: { $case: "error", value: statusOfEntry(tooLarge) } };
  const refusalBytes = wire.BatchGetResult.encode(refusal).finish().length + framingBytesMax;
  let restBytes = answerBytesMax - results.length * refusalBytes;
  return results.map((result) => {
    const answer = wireRead(result, statusOfEntry);
    const extraBytes = Math.max(0, readBytes(answer) - refusalBytes);
    if (extraBytes > restBytes) return refusal;
    restBytes -= extraBytes;
    return answer;
  });
}

/** A tag and a length of up to 4 bytes before each result. */
const framingBytesMax = 5;

function wireRead(result: BatchResult<Entry | undefined>, statusOfEntry: StatusOfEntry): wire.BatchGetResult {
  if (result.ok) return { outcome: { $case: "entry", value: wireEntry(result.result) } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

function readBytes({ outcome }: wire.BatchGetResult): number {
  if (outcome?.$case === "entry") return outcome.value.value.length + entryOverheadBytesMax;
  return wire.BatchGetResult.encode({ outcome }).finish().length + framingBytesMax;
}

export function wireWrite(result: BatchResult<SetResult>, statusOfEntry: StatusOfEntry): wire.BatchSetResult {
  if (result.ok) return { outcome: { $case: "entry", value: { etag: result.result.etag } } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireRemoval(result: BatchResult<boolean>, statusOfEntry: StatusOfEntry): wire.BatchDeleteResult {
  if (result.ok) return { outcome: { $case: "entry", value: { existed: result.result } } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireScanEntry({ key, value, etag, expiresAtMs }: KeyedEntry, keysOnly: boolean): wire.ScanEntry {
  return { key, value: keysOnly ? noBytes : value, etag, expireTime: optionalTime(expiresAtMs) };
}

export function wireMutation(result: MutationResult): wire.MutationResult {
  return result.kind === "set" ? { etag: result.etag } : { existed: result.existed };
}

export function wireChange(change: Change): wire.Change {
  if (change.kind === "set") {
    const { key, value, etag, expiresAtMs } = change;
    return { kind: wire.ChangeKind.SET, key, value, etag, expireTime: optionalTime(expiresAtMs) };
  }
  const kind = change.kind === "deleted" ? wire.ChangeKind.DELETED : wire.ChangeKind.EXPIRED;
  return { kind, key: change.key, value: noBytes, etag: "", expireTime: undefined };
}
