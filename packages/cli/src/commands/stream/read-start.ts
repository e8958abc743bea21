import { type stream, timestampFromMs } from "@prism-data/pattern-sdk/protocol";
import { InvalidArgumentError } from "commander";
import { parseDuration } from "../../duration.js";

/** Where to begin to read. */
export type ReadStart = NonNullable<stream.ReadRequest["start"]>;

/** Reads where to begin: `earliest`, `latest` or an offset. */
export function parseStart(text: string): ReadStart {
  if (/^\d{1,19}$/.test(text)) return { $case: "offset", value: BigInt(text) };
  if (text === "earliest" || text === "latest") return { $case: text, value: true };
  throw new InvalidArgumentError("Write earliest, latest or an offset.");
}

/** Reads where a group begins: `earliest` or `latest`. */
export function parseGroupStart(text: string): { readonly $case: "earliest" | "latest"; readonly value: boolean } {
  if (text === "earliest" || text === "latest") return { $case: text, value: true };
  throw new InvalidArgumentError("Write earliest or latest.");
}

/** Reads a time: how long ago, such as `10m`, or when, such as `2026-01-31T10:00:00Z`. */
export function parseSince(text: string): ReadStart {
  const isDate = /^\d{4}-\d\d-\d\d/.test(text);
  const timeMs = isDate ? Date.parse(text) : Date.now() - parseDuration(text);
  if (timeMs >= 0) return { $case: "time", value: timestampFromMs(timeMs) };
  throw new InvalidArgumentError("Write how long ago, such as 10m, or when, such as 2026-01-31T10:00:00Z.");
}
