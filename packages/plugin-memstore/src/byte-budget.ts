import { capacityExhausted } from "./errors.js";

/** Counts the bytes that a backend holds in all its namespaces, and refuses growth beyond its bound. */
export class ByteBudget {
  readonly maxBytes: number;
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Throws `CAPACITY_EXHAUSTED` when there is no room to grow by `growthBytes`. A write that frees bytes always has room. */
  requireRoom(growthBytes: number): void {
    const freeBytes = this.maxBytes - this.#usedBytes;
    if (growthBytes > 0 && growthBytes > freeBytes) {
      throw capacityExhausted({ neededBytes: growthBytes, freeBytes, maxBytes: this.maxBytes });
    }
  }

  /** Counts what was stored (above 0) or let go (below 0). */
  add(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
  }
}
