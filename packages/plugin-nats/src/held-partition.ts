import type { StreamPlace, StreamPlaces } from "./stream-places.js";

export interface HeldPartitionOptions {
  readonly places: StreamPlaces;
  readonly partition: number;
  /** The member that has it. */
  readonly owner: string;
  readonly place: StreamPlace;
  /** What is known of the place on JetStream. */
  readonly sequence: number;
}

/** A partition that a member has: nobody else's commit counts, because every commit must know the one before. */
export class HeldPartition {
  readonly owner: string;
  readonly #places: StreamPlaces;
  readonly #partition: number;
  #sequence: number;
  #place: StreamPlace;
  #wanted: bigint | undefined;
  #writing: Promise<boolean> | undefined;

  constructor({ places, partition, owner, place, sequence }: HeldPartitionOptions) {
    this.owner = owner;
    this.#places = places;
    this.#partition = partition;
    this.#place = place;
    this.#sequence = sequence;
  }

  /** Whether a commit of this offset would count: not below what is committed. */
  accepts(offset: bigint): boolean {
    return offset >= (this.#place.committed ?? 0n);
  }

  /** Commits up to `offset`, with others that wait. Returns false when somebody else has the partition by now. */
  async commit(offset: bigint): Promise<boolean> {
    if (this.#wanted === undefined || offset > this.#wanted) this.#wanted = offset;
    while (!this.#covers(offset)) {
      this.#writing ??= this.#write().finally(() => {
        this.#writing = undefined;
      });
      if (!(await this.#writing)) return false;
    }
    return true;
  }

  /** Gives the partition up on JetStream, so that others need not wait until its owner is missed. */
  async release(): Promise<void> {
    await this.#writing?.catch(() => {});
    const { sequence, place } = await this.#places.find(this.#partition);
    if (place?.owner !== this.owner) return;
    await this.#places.write(this.#partition, { ...place, owner: undefined }, sequence);
  }

  #covers(offset: bigint): boolean {
    return this.#place.committed !== undefined && this.#place.committed >= offset;
  }

  async #write(): Promise<boolean> {
    // Whoever asks in this turn of the event loop is part of it.
    await undefined;
    const committed = this.#wanted!;
    const place = { owner: this.owner, next: committed + 1n, committed };
    const sequence = await this.#places.write(this.#partition, place, this.#sequence);
    if (sequence === undefined) return this.#lookAgain();
    this.#sequence = sequence;
    this.#place = place;
    return true;
  }

  /** An answer may have been lost, and with it the sequence of the own place. */
  async #lookAgain(): Promise<boolean> {
    const { sequence, place } = await this.#places.find(this.#partition);
    if (place?.owner !== this.owner) return false;
    this.#sequence = sequence;
    this.#place = place;
    return true;
  }
}
