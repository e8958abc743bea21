import type { CommittedOffset } from "./cluster.js";

/** What stands beside a place of a group. */
const note = /^prism(-begun)? (\d{1,4})$/;

/** How far a group has come in a partition. */
export interface GroupProgress {
  /** The next record. */
  readonly next: bigint;
  /** The last record that was committed. `undefined`: none. */
  readonly committed: bigint | undefined;
}

/** Reads what the brokers keep. Pure. */
export function progressOf({ offset, metadata }: CommittedOffset): GroupProgress {
  const next = BigInt(offset);
  const isBegunOnly = note.exec(metadata ?? "")?.[1] !== undefined;
  return { next, committed: isBegunOnly || next === 0n ? undefined : next - 1n };
}

/**
 * What to write beside a place: how many partitions the log had when the group began, and whether the group has committed anything
 * there. Pure.
 */
export function noteOf(partitionsAtBegin: number, place: "begun" | "committed"): string {
  return `prism${place === "begun" ? "-begun" : ""} ${partitionsAtBegin}`;
}

/** How many partitions the log had when the group began that has these places. `undefined`: it has not begun. Pure. */
export function partitionsAtBegin(places: Iterable<CommittedOffset>): number | undefined {
  const counts = [...places].map(({ metadata }) => Number(note.exec(metadata ?? "")?.[2] ?? Number.NaN));
  const known = counts.filter((count) => !Number.isNaN(count));
  return known.length === 0 ? undefined : Math.min(...known);
}
