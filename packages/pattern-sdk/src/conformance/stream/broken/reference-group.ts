import type { Position } from "../../../patterns/stream/stream.js";

/** How far a group has come. */
export class ReferenceGroup {
  readonly committed = new Map<number, bigint>();
  readonly begun = new Map<number, bigint>();

  next(partition: number): bigint {
    const committed = this.committed.get(partition);
    return committed === undefined ? (this.begun.get(partition) ?? 0n) : committed + 1n;
  }

  begin(partition: number, offset: bigint): void {
    if (!this.begun.has(partition)) this.begun.set(partition, offset);
  }

  commit({ partition, offset }: Position): boolean {
    if (offset < (this.committed.get(partition) ?? 0n)) return false;
    this.committed.set(partition, offset);
    return true;
  }
}
