import { setTimeout as pause } from "node:timers/promises";
import type { ChangeFeed } from "./change-feed.js";

/** How soon is tried again when the connection was lost: about as soon as the one for calls is back. */
const retryMs = 250;

export interface ChannelListenerOptions {
  readonly feed: ChangeFeed;
  readonly channel: string;
  /** Called with what is published. Default: it does not matter what. */
  readonly onMessage?: (message: Buffer) => void;
  /** Everything that is published from now on comes; something may have been missed before. Default: nobody cares. */
  readonly onUp?: () => void;
  /** The connection is lost, and with it what is published from now on. Default: nobody cares. */
  readonly onDown?: () => void;
}

/**
 * Listens on a channel for as long as it is open, whatever becomes of the connection: for those who can do with what comes while there is
 * one. Redis remembers nothing for anybody; it knows though, and can be asked, who listens.
 */
export class ChannelListener {
  readonly #options: ChannelListenerOptions;
  readonly #closing = new AbortController();
  #isUp = false;
  #attempt = attempted();

  constructor(options: ChannelListenerOptions) {
    this.#options = options;
    void this.#listen();
  }

  get channel(): string {
    return this.#options.channel;
  }

  /** Waits until everything that is published comes. Throws when that cannot be now. */
  ready(): Promise<void> {
    return this.#attempt.promise;
  }

  close(): void {
    this.#closing.abort();
  }

  /** Never rejects. */
  async #listen(): Promise<void> {
    const { feed, channel, onMessage = () => {} } = this.#options;
    const { signal } = this.#closing;
    const follower = { started: () => this.#up(), message: onMessage };
    while (!signal.aborted) {
      try {
        await feed.follow(channel, follower, signal);
      } catch (error) {
        this.#down(error);
        await pause(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }

  #up(): void {
    this.#isUp = true;
    this.#attempt.resolve();
    this.#options.onUp?.();
  }

  #down(error: unknown): void {
    // Those who wait learn why; those who come now wait for the next attempt.
    this.#attempt.reject(error);
    this.#attempt = attempted();
    if (this.#isUp) this.#options.onDown?.();
    this.#isUp = false;
  }
}

function attempted(): PromiseWithResolvers<void> {
  const attempt = Promise.withResolvers<void>();
  // Often nobody waits.
  attempt.promise.catch(() => {});
  return attempt;
}
