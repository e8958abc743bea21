import type { stream } from "@prism-data/pattern-sdk/protocol";
import { jsonLine } from "../../json-line.js";
import { printableBytes, printableText } from "../../printable-bytes.js";
import { recordJson } from "./stream-json.js";

/** What a line of a record is, for help texts. */
export const recordLineHelp = `A line is PARTITION:OFFSET, a tab, KEY, a tab, PAYLOAD, escaped as in "prism kv scan". --json prints one object per line, with the
payload and the values of headers in base64.`;

/** One record as one line. */
export function recordLine(record: stream.Record, json: boolean): string {
  if (json) return jsonLine(recordJson(record));
  const { partition, offset, message } = record;
  const key = printableText(message?.key ?? "");
  return `${partition}:${offset}\t${key}\t${printableBytes(message?.payload ?? new Uint8Array())}\n`;
}
