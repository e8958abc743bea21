import {
  type DeliveryOutlet,
  keepDelivering,
  LogCursor,
  matchesTopic,
  type Outlet,
  type StreamRecord,
  type Subscription,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import type { Connection } from "./connection.js";
import { listenScript, liveBytesMax } from "./pub-sub-scripts.js";
import type { PubSubSpace } from "./pub-sub-space.js";
import { type StoredRecord, StreamLog } from "./stream-log.js";

/** How long what is published is kept for those who read everything, in ms: longer than most outages. */
const keptMs = 15_000;

/** Several times within that. */
const renewMs = 2_000;

/** Bounds of one look. */
const room = { items: 1_000, bytes: 8 * 2 ** 20 };

export interface BroadcastOptions {
  readonly connection: Connection;
  readonly news: ChangeFeed;
  readonly space: PubSubSpace;
}

interface Subscriber {
  readonly topic: string;
  readonly outlet: DeliveryOutlet;
  /** The first message that was published after the subscription was in place. */
  readonly from: bigint;
}

interface Reading {
  readonly ending: AbortController;
  readonly timer: NodeJS.Timeout;
}

/**
 * The subscriptions of one namespace in this process that get everything, at most once: they read a log, of which the server keeps the end
 * while somebody wants it. What is missed in an outage that is longer than that is lost to them; they go on with what is there.
 */
export class Broadcast {
  readonly #options: BroadcastOptions;
  readonly #log: StreamLog;
  readonly #subscribers = new Set<Subscriber>();
  #reading: Reading | undefined;
  /** Those included who are about to subscribe. */
  #readers = 0;

  constructor(options: BroadcastOptions) {
    const { connection, news, space } = options;
    this.#options = options;
    this.#log = new StreamLog({
      connection,
      news,
      namespace: "",
      base: space.liveBase,
      channel: space.liveChannel,
      partitions: 1,
      retentionMs: keptMs,
      retentionBytes: liveBytesMax,
    });
  }

  /** Returns when everything that is published from now on reaches the outlet. */
  async subscribe(topic: string, outlet: DeliveryOutlet): Promise<Subscription> {
    this.#readers++;
    try {
      const subscriber = { topic, outlet, from: await this.#listen() };
      this.#subscribers.add(subscriber);
      this.#reading ??= this.#read(subscriber.from);
      return {
        ordering: "total",
        close: () => {
          if (this.#subscribers.delete(subscriber)) this.#leave();
        },
      };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Removes what was kept long enough; returns whether there may be more. */
  retain(): Promise<boolean> {
    return this.#log.retain();
  }

  close(): void {
    this.#end();
    this.#log.close();
  }

  /** Lets what is published be kept; returns the offset of what comes next. */
  async #listen(): Promise<bigint> {
    const { connection, space } = this.#options;
    const args = [space.base, space.database, keptMs];
    return BigInt(String(await connection.run(listenScript, [`${space.base}groups`], args)));
  }

  #leave(): void {
    this.#readers--;
    if (this.#readers === 0) this.#end();
  }

  #end(): void {
    this.#reading?.ending.abort();
    clearInterval(this.#reading?.timer);
    this.#reading = undefined;
  }

  #read(from: bigint): Reading {
    const cursor = new LogCursor(this.#log);
    cursor.add(0, from);
    const ending = new AbortController();
    // It may be away now; the next time comes soon enough.
    const timer = setInterval(() => this.#listen().catch(() => {}), renewMs);
    void this.#deliver(cursor, ending.signal);
    return { ending, timer };
  }

  /** Never rejects. */
  #deliver(cursor: LogCursor, signal: AbortSignal): Promise<void> {
    const { news } = this.#log;
    const outlet: Outlet<StreamRecord> = {
      room: async () => room,
      send: (records) => {
        for (const record of records as readonly StoredRecord[]) this.#send(record);
      },
    };
    return keepDelivering(() => cursor.deliver(outlet, signal), {
      signal,
      whileAway: () => news.rung(news.rings, signal),
      failed: (error) => this.#fail(error),
    });
  }

  #send({ message, topic, offset, appendedAtMs: publishedAtMs }: StoredRecord): void {
    const delivery = { deliveryId: "", topic, message, publishedAtMs, deliveryCount: 1 };
    for (const { topic: wanted, outlet, from } of this.#subscribers)
      if (offset >= from && matchesTopic(wanted, topic)) outlet.send([delivery]);
  }

  #fail(error: unknown): void {
    for (const { outlet } of this.#subscribers) outlet.failed(error);
  }
}
