/** An item in a heap. */
export interface Placed<T> {
  readonly item: T;
  /** The lowest comes first. */
  readonly rank: number;
  /** Where it is in its heap; -1 when it is in none. Written by the heap only. */
  position: number;
}

/** Items by rank: a binary heap. Adding and removing are O(log n), and whatever is removed leaves nothing behind. */
export class MinHeap<T> {
  readonly #heap: Placed<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The item of the lowest rank. */
  get first(): Placed<T> | undefined {
    return this.#heap[0];
  }

  add(item: T, rank: number): Placed<T> {
    const placed: Placed<T> = { item, rank, position: this.#heap.length };
    this.#heap.push(placed);
    this.#siftUp(placed);
    return placed;
  }

  /** Does nothing to what was removed before. */
  remove(placed: Placed<T>): void {
    const { position } = placed;
    if (position < 0) return;
    const last = this.#heap.pop()!;
    placed.position = -1;
    if (last === placed) return;
    this.#place(last, position);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  clear(): void {
    for (const placed of this.#heap) placed.position = -1;
    this.#heap.length = 0;
  }

  #place(placed: Placed<T>, position: number): void {
    this.#heap[position] = placed;
    placed.position = position;
  }

  #siftUp(placed: Placed<T>): void {
    while (placed.position > 0) {
      const { position } = placed;
      const parent = this.#heap[(position - 1) >>> 1]!;
      if (parent.rank <= placed.rank) return;
      this.#place(placed, parent.position);
      this.#place(parent, position);
    }
  }

  #siftDown(placed: Placed<T>): void {
    for (;;) {
      const { position } = placed;
      const left = this.#heap[2 * position + 1];
      const right = this.#heap[2 * position + 2];
      const child = right !== undefined && right.rank < left!.rank ? right : left;
      if (child === undefined || child.rank >= placed.rank) return;
      this.#place(placed, child.position);
      this.#place(child, position);
    }
  }
}
