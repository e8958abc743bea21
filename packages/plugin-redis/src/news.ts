import { setTimeout as pause } from "node:timers/promises";
import type { ChangeFeed } from "./change-feed.js";

/** How soon is tried again when the connection was lost: about as soon as the one for calls is back. */
const retryMs = 250;

/** Called with what was published, and without anything when something may have been missed. */
export type Listener = (message: Buffer | undefined) => void;

/**
 * What is published on channels, for those who can do with what comes while the connection is there: those that are woken, and those
 * who read at most once. Redis remembers nothing for anybody.
 */
export class News {
  readonly #feed: ChangeFeed;

  constructor(feed: ChangeFeed) {
    this.#feed = feed;
  }

  /** Calls `listener` on each message of the channel, until the returned function is called. */
  on(channel: string, listener: Listener): () => void {
    const leaving = new AbortController();
    void this.#follow(channel, listener, leaving.signal);
    return () => leaving.abort();
  }

  /** Never rejects. */
  async #follow(channel: string, listener: Listener, signal: AbortSignal): Promise<void> {
    const follower = { started: () => listener(undefined), message: listener };
    while (!signal.aborted) {
      try {
        await this.#feed.follow(channel, follower, signal);
      } catch {
        // Lost, or not there yet: who listens looks by itself meanwhile.
        await pause(retryMs, undefined, { signal }).catch(() => {});
      }
    }
  }
}
