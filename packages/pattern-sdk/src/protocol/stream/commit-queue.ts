import type { Position } from "../../patterns/stream/stream.js";

/** What a queue works with. */
export interface CommitQueueOptions {
  /** Commits; returns the positions that counted. */
  commit(positions: readonly Position[]): PromiseLike<readonly Position[]>;
  /** Tells the app, and waits until there is room to tell more. */
  tell(positions: readonly Position[]): Promise<void>;
}

/**
 * Commits one after the other. Commits that come meanwhile wait as one: of each partition only the last position counts, so that an app
 * which commits each record keeps no more waiting than there are partitions.
 */
export class CommitQueue {
  readonly #options: CommitQueueOptions;
  readonly #failure = Promise.withResolvers<never>();
  #waiting = new Map<number, bigint>();
  #running: Promise<void> | undefined;

  constructor(options: CommitQueueOptions) {
    this.#options = options;
  }

  /** Rejects when a commit has failed; the queue does nothing more then. Whoever makes a queue must listen. */
  get failed(): Promise<never> {
    return this.#failure.promise;
  }

  add(positions: readonly Position[]): void {
    for (const { partition, offset } of positions) {
      const before = this.#waiting.get(partition);
      if (before === undefined || before < offset) this.#waiting.set(partition, offset);
    }
    this.#running ??= this.#run();
  }

  /** Waits until all commits are done. Never rejects. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        const positions = [...this.#waiting].map(([partition, offset]) => ({ partition, offset }));
        this.#waiting = new Map();
        const counted = await this.#options.commit(positions);
        if (counted.length > 0) await this.#options.tell(counted);
      }
      this.#running = undefined;
    } catch (error) {
      this.#failure.reject(error);
    }
  }
}
