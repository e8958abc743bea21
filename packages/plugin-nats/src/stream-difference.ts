import type { StreamConfig } from "nats";
import type { KeptConfig } from "./jet-stream.js";

/** How a stream of JetStream is otherwise than it is to be. */
export interface StreamDifference {
  readonly name: string;
  /** Each setting that is not the same, such as `max_age 0 -> 60000000000`. `undefined`: there is no such stream. */
  readonly settings: readonly string[] | undefined;
}

/** How many streams one line names. */
const namedMax = 3;

/** Those settings alone count that are wanted. `undefined`: the stream is as wanted. */
export function differenceOf(known: StreamConfig | undefined, wanted: KeptConfig): StreamDifference | undefined {
  const { name } = wanted;
  if (known === undefined) return { name, settings: undefined };
  const settings = Object.entries(wanted).flatMap(([setting, value]) => {
    const is = known[setting as keyof StreamConfig];
    return has(is, value) ? [] : [`${setting} ${textOf(is)} -> ${textOf(value)}`];
  });
  return settings.length === 0 ? undefined : { name, settings };
}

/** Differences for people, streams that differ alike in one line. `done`: whether they are no more. */
export function toldDifferences(
  differences: readonly (StreamDifference | undefined)[],
  { done }: { readonly done: boolean },
): string[] {
  const names = new Map<string, string[]>();
  for (const difference of differences) {
    if (difference === undefined) continue;
    const { name, settings } = difference;
    const what = settings === undefined ? "" : `: ${settings.join(", ")}`;
    names.set(what, [...(names.get(what) ?? []), name]);
  }
  return [...names].map(([what, alike]) => {
    const verb = what === "" ? ["made", "make"] : ["changed", "change"];
    return `${done ? verb[0] : `would ${verb[1]}`} ${listed(alike)}${what}`;
  });
}

function listed(names: readonly string[]): string {
  const named = names.slice(0, namedMax).join(", ");
  const more = names.length > namedMax ? ` and ${names.length - namedMax} more` : "";
  return `the stream${names.length === 1 ? "" : "s"} ${named}${more}`;
}

/** JetStream leaves out what is off, and adds what it keeps itself to metadata. */
function has(is: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) return JSON.stringify(is) === JSON.stringify(wanted);
  if (typeof wanted === "object" && wanted !== null) {
    const known = (is ?? {}) as Record<string, unknown>;
    return Object.entries(wanted).every(([key, value]) => has(known[key], value));
  }
  return is === wanted || (is === undefined && !wanted);
}

function textOf(value: unknown): string {
  return value === undefined ? "not set" : typeof value === "object" ? JSON.stringify(value) : String(value);
}
