import type { Room } from "../../patterns/messaging/outlet.js";

/** How much a reader may hold at once. */
export interface OutstandingBounds {
  readonly messages: number;
  /** A message that is larger is held alone. */
  readonly bytes: number;
}

/** Counts what a reader holds: delivered to it, and not given back. */
export class Outstanding {
  readonly #bounds: OutstandingBounds;
  #messages = 0;
  #bytes = 0;

  constructor(bounds: OutstandingBounds) {
    this.#bounds = bounds;
  }

  /** What is left; `undefined`: nothing. */
  get room(): Room | undefined {
    const items = this.#bounds.messages - this.#messages;
    const bytes = this.#bounds.bytes - this.#bytes;
    return items > 0 && bytes > 0 ? { items, bytes } : undefined;
  }

  /** Counts one more message of this size. False, and not counted: it does not fit now. */
  add(sizeBytes: number): boolean {
    const fits = this.#messages < this.#bounds.messages && this.#bytes + sizeBytes <= this.#bounds.bytes;
    if (!fits && this.#messages > 0) return false;
    this.#messages++;
    this.#bytes += sizeBytes;
    return true;
  }

  /** A message of this size was given back. */
  remove(sizeBytes: number): void {
    this.#messages--;
    this.#bytes -= sizeBytes;
  }
}
