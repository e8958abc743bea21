import type { JoinRequest, Position } from "@prism-data/pattern-sdk";
import type { PartitionLog } from "./partition-log.js";

/** What a group counts against the bound of the backend, and each partition in which it has a place. */
export const groupKeptBytes = 512;
export const placeKeptBytes = 128;

/** How far a group has come, whether or not members are there. */
export class StreamGroup {
  readonly #committed = new Map<number, bigint>();
  /** Where the group began in a partition: its first member's choice counts until something is committed, or records would be skipped. */
  readonly #begun = new Map<number, bigint>();

  /** The last record that the group has committed. */
  committed(partition: number): bigint | undefined {
    return this.#committed.get(partition);
  }

  /** The first record that the group has not committed, or the one after it that is there. */
  next({ partition }: PartitionLog): bigint {
    const committed = this.#committed.get(partition);
    return committed === undefined ? (this.#begun.get(partition) ?? 0n) : committed + 1n;
  }

  /** Begins in a partition, unless the group has a place there. */
  begin({ partition, nextOffset }: PartitionLog, { kind }: JoinRequest["start"]): void {
    if (this.#begun.has(partition)) return;
    this.#begun.set(partition, kind === "latest" ? nextOffset : 0n);
  }

  /** Commits a position. False: more is committed already. */
  commit({ partition, offset }: Position): boolean {
    if (offset < (this.#committed.get(partition) ?? 0n)) return false;
    this.#committed.set(partition, offset);
    return true;
  }
}
