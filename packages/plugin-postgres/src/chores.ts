import { isBackendAway, type Logger } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

/** Something to be done again and again. */
export interface Chore {
  readonly everyMs: number;
  /** Does what there is to do. What fails is done the next time. */
  run(): Promise<void>;
}

/** Does chores while the server is there, each one after its last run has ended. */
export class Chores {
  readonly #connection: Connection;
  readonly #log: Logger;
  readonly #timers: NodeJS.Timeout[];

  constructor(chores: readonly Chore[], { connection, log }: { connection: Connection; log: Logger }) {
    this.#connection = connection;
    this.#log = log;
    this.#timers = chores.map((chore) => {
      let isRunning = false;
      const timer = setInterval(async () => {
        if (isRunning || !connection.isUp) return;
        isRunning = true;
        await this.#run(chore);
        isRunning = false;
      }, chore.everyMs);
      return timer.unref();
    });
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  async #run(chore: Chore): Promise<void> {
    try {
      await chore.run();
    } catch (error) {
      // An outage is told by the connection.
      if (!this.#connection.isUp || isBackendAway(error)) return;
      this.#log.warn({ problem: error instanceof Error ? error.message : String(error) }, "sweeping failed");
    }
  }
}
