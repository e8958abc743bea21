/** How often expired keys leave the index when nobody waits for the news: Redis itself has removed the values by then. */
const idleIntervalMs = 1_000;

/** How late a watcher may hear of an expired key. */
const watchedIntervalMs = 100;

/**
 * Runs a sweep again and again: Redis removes expired values by itself, but not from the index, and tells no watcher.
 * Invariant: never two sweeps at once.
 */
export class ExpirySweep {
  readonly #sweep: () => Promise<{ readonly moreDue: boolean }>;
  #timer: NodeJS.Timeout | undefined;
  #watchers = 0;
  #state: "waiting" | "sweeping" | "closed" = "waiting";

  /** `sweep` handles its own errors. */
  constructor(sweep: () => Promise<{ readonly moreDue: boolean }>) {
    this.#sweep = sweep;
    this.#wait(idleIntervalMs);
  }

  /** Sweeps more often until the returned function is called. */
  hurry(): () => void {
    this.#watchers++;
    if (this.#state === "waiting") this.#wait(watchedIntervalMs);
    return () => {
      this.#watchers--;
    };
  }

  close(): void {
    this.#state = "closed";
    clearTimeout(this.#timer);
  }

  #wait(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#state = "waiting";
    this.#timer = setTimeout(() => this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    this.#state = "sweeping";
    const { moreDue } = await this.#sweep();
    // Closed while the sweep ran.
    if (this.#state !== "sweeping") return;
    const intervalMs = this.#watchers > 0 ? watchedIntervalMs : idleIntervalMs;
    this.#wait(moreDue ? 0 : intervalMs);
  }
}
