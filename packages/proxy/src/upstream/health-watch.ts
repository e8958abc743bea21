import { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { heartbeatMs, missedHeartbeatsMax, type PluginSession } from "./plugin-session.js";

/** Whether the data system behind a plugin answers, as the plugin last said. */
export interface ReportedHealth {
  readonly backend: pluginv1.BackendHealth;
  /** Why it does not. */
  readonly message: string;
}

/** The health of a plugin that has not reported yet. */
export const unknownHealth: ReportedHealth = {
  backend: pluginv1.BackendHealth.UNSPECIFIED,
  message: "",
};

/**
 * Listens to a plugin's heartbeats. Misses are counted by a timer, not by the clock: when this process itself was stopped
 * for a while, one late tick counts once, and a plugin that did nothing wrong lives on.
 */
export class HealthWatch {
  readonly #stopped = new AbortController();
  #current = unknownHealth;
  #missed = 0;

  constructor(
    session: PluginSession,
    events: { onChange: (health: ReportedHealth) => void; onUnresponsive: (why: string) => void },
  ) {
    const ticks = setInterval(() => {
      this.#missed++;
      if (this.#missed >= missedHeartbeatsMax) {
        events.onUnresponsive(`missed ${missedHeartbeatsMax} heartbeats of ${heartbeatMs} ms`);
      }
    }, heartbeatMs);
    this.#stopped.signal.addEventListener("abort", () => clearInterval(ticks), { once: true });
    void this.#listen(session, events);
  }

  get current(): ReportedHealth {
    return this.#current;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async #listen(
    session: PluginSession,
    events: { onChange: (health: ReportedHealth) => void; onUnresponsive: (why: string) => void },
  ): Promise<void> {
    const { signal } = this.#stopped;
    let why = "ended its health reports";
    try {
      for await (const { backend, message } of session.health(signal)) {
        this.#missed = 0;
        const changed = backend !== this.#current.backend || message !== this.#current.message;
        this.#current = { backend, message };
        if (changed) events.onChange(this.#current);
      }
    } catch (error) {
      why = `broke off its health reports: ${(error as Error).message}`;
    }
    if (!signal.aborted) events.onUnresponsive(why);
  }
}
