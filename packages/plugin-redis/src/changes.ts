import type { Change } from "@prism-data/pattern-sdk";
import { foreignRecord } from "./errors.js";
import { decodeRecord } from "./record.js";
import { changeMark } from "./scripts.js";

const keyLengthAt = 1;
const keyAt = 3;

/** Reads what a script published: the mark, the key's length in 2 bytes, the key, and for a set the record. */
export function decodeChange(message: Buffer): Change {
  if (message.length < keyAt) throw foreignRecord();
  const mark = message.toString("latin1", 0, keyLengthAt);
  const keyEnd = keyAt + message.readUInt16BE(keyLengthAt);
  const key = message.toString("utf8", keyAt, keyEnd);
  if (mark === changeMark.set) return { kind: "set", key, ...decodeRecord(message.subarray(keyEnd)) };
  if (mark === changeMark.deleted) return { kind: "deleted", key };
  if (mark === changeMark.expired) return { kind: "expired", key };
  throw foreignRecord();
}
