import type { relational } from "@prism-data/pattern-sdk/protocol";

type Timestamp = Extract<NonNullable<relational.Value["kind"]>, { readonly $case: "timestamp" }>["value"];

const pattern = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?(Z|[+-]\d{2}:\d{2})$/;

/** Reads a time to the microsecond. `undefined`: the text is none. */
export function timestampOfRfc3339(text: string): Timestamp | undefined {
  const [, time, fraction = "", offset] = pattern.exec(text) ?? [];
  const epochMs = time === undefined ? Number.NaN : Date.parse(`${time}${offset}`);
  if (Number.isNaN(epochMs)) return undefined;
  return { seconds: BigInt(epochMs) / 1_000n, nanos: Number(fraction.padEnd(6, "0")) * 1_000 };
}

/** Writes a time to the microsecond, in UTC. */
export function rfc3339OfTimestamp({ seconds, nanos }: Timestamp): string {
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, 19);
  const micros = String(Math.floor(nanos / 1_000))
    .padStart(6, "0")
    .replace(/0+$/, "");
  return micros === "" ? `${whole}Z` : `${whole}.${micros}Z`;
}
