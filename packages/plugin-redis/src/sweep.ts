import { GatewayError, type Logger } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

/** How often what is over is removed when nobody waits for the news. */
const idleIntervalMs = 1_000;

/** How late somebody may hear of what is over who waits for that. */
const hurriedIntervalMs = 100;

export interface SweepOptions {
  readonly connection: Connection;
  readonly log: Logger;
  /** Removes some of what is over; returns whether there may be more. */
  readonly run: () => Promise<boolean>;
}

/**
 * Removes again and again what is over in a namespace: Redis does that by itself only for names, and tells nobody.
 * Invariant: never two sweeps at once.
 */
export class Sweep {
  readonly #options: SweepOptions;
  #timer: NodeJS.Timeout | undefined;
  #hurried = 0;
  #state: "waiting" | "sweeping" | "closed" = "waiting";

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#wait(idleIntervalMs);
  }

  /** Sweeps more often until the returned function is called. */
  hurry(): () => void {
    this.#hurried++;
    if (this.#state === "waiting") this.#wait(hurriedIntervalMs);
    return () => {
      this.#hurried--;
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
    const isMoreDue = await this.#sweep();
    // Closed while the sweep ran.
    if (this.#state !== "sweeping") return;
    const intervalMs = this.#hurried > 0 ? hurriedIntervalMs : idleIntervalMs;
    this.#wait(isMoreDue ? 0 : intervalMs);
  }

  async #sweep(): Promise<boolean> {
    const { connection, log, run } = this.#options;
    if (!connection.isUp) return false;
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      log.debug({ reason: error.reason, problem: error.message }, "a sweep failed");
      return false;
    }
  }
}
