import type { CommittedOffset } from "./cluster.js";

/** Beside an offset that the group began with and nobody has committed. */
export const begunMark = "prism-begun";

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
  return { next, committed: metadata === begunMark || next === 0n ? undefined : next - 1n };
}
