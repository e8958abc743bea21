import type { TransactionStatus, Wire, WrittenAhead } from "./wire.js";

/** A statement of the plugin's own that answers nothing but that it was carried out. */
export class Command implements WrittenAhead {
  readonly #text: string;
  readonly #ended = Promise.withResolvers<boolean>();
  #isComplete = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** Settles with whether it was carried out. */
  get succeeded(): Promise<boolean> {
    return this.#ended.promise;
  }

  write(wire: Wire): void {
    wire.query(this.#text);
  }

  submit(): void {
    // It was written before.
  }

  handleCommandComplete(): void {
    this.#isComplete = true;
  }

  handleError(): void {
    // It is not complete.
  }

  handleReadyForQuery(): void {
    // `end` is called for it.
  }

  end(_status: TransactionStatus | undefined): void {
    this.#ended.resolve(this.#isComplete);
  }
}
