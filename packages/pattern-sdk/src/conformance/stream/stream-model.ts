import assert from "node:assert/strict";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import type { PartitionDescription, Position, Record } from "../../protocol/gen/prism/stream/v1/stream.js";

interface Entry {
  readonly offset: bigint;
  readonly id: string;
}

/** A log as plain as can be, to compare with: a list for each partition, and how far each group has come in it. */
export class StreamModel {
  readonly #partitions: Entry[][];
  readonly #committed = new Map<string, Map<number, bigint>>();

  constructor(partitions: number) {
    this.#partitions = Array.from({ length: partitions }, () => []);
  }

  append(messages: readonly Message[], positions: readonly Position[]): void {
    for (const [index, { partition, offset }] of positions.entries()) {
      const entries = this.#partitions[partition];
      assert.ok(entries !== undefined, `there is no partition ${partition}`);
      const last = entries.at(-1);
      assert.ok(last === undefined || offset > last.offset, `${offset} comes after ${last?.offset}`);
      entries.push({ offset, id: messages[index]!.id });
    }
  }

  /** The offset of a record by its place, `undefined` beyond the last. */
  offsetOf(partition: number, place: number): bigint | undefined {
    return this.#partitions[partition]![place]?.offset;
  }

  /** The ids of the records from an offset on; a limit of 0 is none. */
  ids(partition: number, { offset, limit }: { offset: bigint | undefined; limit: number }): string[] {
    const from = this.#partitions[partition]!.filter((entry) => entry.offset >= (offset ?? 0n));
    return (limit === 0 ? from : from.slice(0, limit)).map(({ id }) => id);
  }

  assertAll(records: readonly Record[], what: string): void {
    for (const [partition, entries] of this.#partitions.entries()) {
      assert.deepEqual(
        idsOf(records, partition),
        entries.map(({ id }) => id),
        `${what}: partition ${partition}`,
      );
    }
  }

  /** How many records a group has not committed. */
  uncommitted(group: string): number {
    return this.#partitions.reduce((sum, _, partition) => sum + this.#rest(group, partition).length, 0);
  }

  assertConsumed(group: string, records: readonly Record[], what: string): void {
    for (const partition of this.#partitions.keys()) {
      const got = idsOf(records, partition);
      const rest = this.#rest(group, partition).map(({ id }) => id);
      assert.deepEqual(got, rest.slice(0, got.length), `${what}: partition ${partition}`);
    }
  }

  commit(group: string, positions: readonly Position[]): void {
    const committed = this.#committed.get(group) ?? new Map<number, bigint>();
    for (const { partition, offset } of positions) committed.set(partition, offset);
    this.#committed.set(group, committed);
  }

  /** `group`: `""` asks for none. */
  assertDescribes(described: readonly PartitionDescription[], group: string, what: string): void {
    const expected = [...this.#partitions.keys()].map((partition) => ({
      partition,
      earliest: this.#partitions[partition]![0]?.offset,
      committed: this.#committed.get(group)?.get(partition),
      lag: group === "" ? undefined : BigInt(this.#rest(group, partition).length),
    }));
    const actual = described.map(({ partition, earliestOffset, nextOffset, committedOffset, lag }) => ({
      partition,
      earliest: earliestOffset === nextOffset ? undefined : earliestOffset,
      committed: committedOffset,
      lag,
    }));
    assert.deepEqual(actual, expected, what);
  }

  #rest(group: string, partition: number): readonly Entry[] {
    const committed = this.#committed.get(group)?.get(partition) ?? -1n;
    return this.#partitions[partition]!.filter(({ offset }) => offset > committed);
  }
}

function idsOf(records: readonly Record[], partition: number): string[] {
  return records.filter((record) => record.partition === partition).map(({ message }) => message!.id);
}
