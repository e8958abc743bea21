/** Asks a peer that has been silent for a sign of life: over TCP, one that vanished looks like one that has nothing to say. */
export class Keepalive {
  readonly #timer: NodeJS.Timeout;
  readonly #ask: () => Promise<unknown>;
  readonly #onDead: () => void;
  #heard = true;
  #isAsking = false;

  /** `ask` rejects when no answer came in time. `onDead` is then called if nothing else came either. */
  constructor(options: {
    readonly intervalMs: number;
    readonly ask: () => Promise<unknown>;
    readonly onDead: () => void;
  }) {
    this.#ask = options.ask;
    this.#onDead = options.onDead;
    this.#timer = setInterval(() => void this.#look(), options.intervalMs).unref();
  }

  /** Bytes came: the peer lives. */
  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const wasHeard = this.#heard;
    if (this.#isAsking) return;
    this.#heard = false;
    if (wasHeard) return;
    this.#isAsking = true;
    try {
      await this.#ask();
    } catch {
      if (!this.#heard) this.#onDead();
    } finally {
      this.#isAsking = false;
    }
  }
}
