/** Lets a bounded number of pieces of work run at once; the others wait, in the order in which they came. */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs the work when it is its turn; settles as the work does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    else this.#free -= 1;
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  /** Who waits gets the slot itself, so that nobody who comes later can take it. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
