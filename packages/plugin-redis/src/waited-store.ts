import type { ChangeFeed } from "./change-feed.js";
import { ChannelListener } from "./channel-listener.js";
import { QueueStore, type QueueStoreOptions } from "./queue-store.js";

export interface WaitedStoreOptions extends QueueStoreOptions {
  readonly news: ChangeFeed;
}

/** A queue that some wait for. Listens from the first of them on: channels do not come and go with those who wait. */
export class WaitedStore extends QueueStore {
  readonly #listen: () => ChannelListener;
  readonly #ringers = new Set<() => void>();
  #listener: ChannelListener | undefined;

  constructor({ news, ...options }: WaitedStoreOptions) {
    super(options);
    const { channel } = options;
    const ring = () => {
      for (const ringer of this.#ringers) ringer();
    };
    this.#listen = () => new ChannelListener({ feed: news, channel, onUp: ring, onMessage: ring });
  }

  /** Calls `ringer` whenever something became ready, until the returned function is called. */
  onReady(ringer: () => void): () => void {
    this.#ringers.add(ringer);
    this.#listener ??= this.#listen();
    return () => this.#ringers.delete(ringer);
  }

  /** Stops listening. */
  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }
}
