import { capacityExhausted } from "./errors.js";

/** Counts the bytes that a backend holds in all its namespaces, and refuses growth beyond its bound. */
export class ByteBudget {
  readonly maxBytes: number;
  readonly #whole: ByteBudget | undefined;
  #usedBytes = 0;

  /** `whole`: of which this counts a share. */
  constructor(maxBytes: number, whole?: ByteBudget) {
    this.maxBytes = maxBytes;
    this.#whole = whole;
  }

  /** Counts what one namespace holds, and with it what all do. */
  share(): ByteBudget {
    return new ByteBudget(this.maxBytes, this);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Throws `CAPACITY_EXHAUSTED` when there is no room to grow by `growthBytes`. A write that frees bytes always has room. */
  requireRoom(growthBytes: number): void {
    if (this.#whole !== undefined) {
      this.#whole.requireRoom(growthBytes);
      return;
    }
    const freeBytes = this.maxBytes - this.#usedBytes;
    if (growthBytes > 0 && growthBytes > freeBytes) {
      throw capacityExhausted({ neededBytes: growthBytes, freeBytes, maxBytes: this.maxBytes });
    }
  }

  /** Counts what was stored (above 0) or let go (below 0). */
  add(sizeBytes: number): void {
    this.#usedBytes += sizeBytes;
    this.#whole?.add(sizeBytes);
  }
}
