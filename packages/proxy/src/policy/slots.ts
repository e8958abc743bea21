/** Lets a bounded number of pieces of work run at once; the others wait, in the order in which they came or were hastened. */
export class Slots {
  /** By what they can be hastened with. */
  readonly #waiting = new Map<object, () => void>();
  readonly #hastened = new Map<object, () => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs the work when it is its turn; settles as the work does. `ticket`: what it can be hastened with while it waits. */
  async run<T>(work: () => Promise<T>, ticket: object = {}): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.set(ticket, resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Lets work that waits go before all that was not hastened. */
  hasten(ticket: object): void {
    const begin = this.#waiting.get(ticket);
    if (begin === undefined) return;
    this.#waiting.delete(ticket);
    this.#hastened.set(ticket, begin);
  }

  /** Who waits gets the slot itself, so that nobody who comes later can take it. */
  #leave(): void {
    const queue = this.#hastened.size > 0 ? this.#hastened : this.#waiting;
    const [next] = queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    const [ticket, begin] = next;
    queue.delete(ticket);
    begin();
  }
}
