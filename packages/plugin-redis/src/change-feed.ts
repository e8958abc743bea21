import type { Redis } from "ioredis";
import { watchEnded } from "./errors.js";

/** How often the server is asked for a sign of life, so that a dead connection does not pass for a quiet namespace. */
const heartbeatMs = 1_000;

/** Receives the messages of one channel. */
export interface Follower {
  /** Called once, before the first message: every message published from now on is received. */
  started(): void;
  message(message: Buffer): void;
}

/** One follower, and whether it was told that it has started. */
class Subscription {
  readonly #follower: Follower;
  readonly #failed = Promise.withResolvers<never>();
  #started = false;

  constructor(follower: Follower) {
    this.#follower = follower;
    // It is awaited for as long as the follower follows, and of no interest after that.
    this.#failed.promise.catch(() => {});
  }

  /** Rejects when the follower cannot take a message. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#follower.started();
  }

  /** A message may come between the server's confirmation and the moment when its promise is looked at. */
  message(message: Buffer): void {
    try {
      this.start();
      this.#follower.message(message);
    } catch (error) {
      // Anybody may publish on the channel: what is no message ends this watch, not the driver's reading of the connection.
      this.#failed.reject(error);
    }
  }
}

/** The open connection, and who follows what on it. */
interface Feed {
  readonly redis: Redis;
  readonly connected: Promise<unknown>;
  readonly lost: Promise<never>;
  readonly channels: Map<string, Set<Subscription>>;
  readonly heartbeat: NodeJS.Timeout;
}

/** What a feed needs of the plugin's connection. */
export interface FeedOptions {
  /** Makes a connection that is not connected yet, and is not renewed when it is lost. */
  readonly open: () => Redis;
  /** Host and port, for messages. */
  readonly address: string;
}

/**
 * One connection that all watches share: opened for the first follower, closed after the last.
 *
 * Redis delivers what is published to the connections that are subscribed, in order, and remembers nothing. So a feed that
 * loses its connection, or that Redis cuts off because it reads too slowly, does not go on with a gap: all watches end with
 * an error.
 */
export class ChangeFeed {
  readonly #options: FeedOptions;
  #feed: Feed | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Hands every message of `channel` to `follower` until `signal` is aborted. Throws when the connection is lost. */
  async follow(channel: string, follower: Follower, signal: AbortSignal): Promise<void> {
    this.#feed ??= this.#open();
    const feed = this.#feed;
    const subscription = new Subscription(follower);
    const ended = aborted(signal);
    try {
      await Promise.race([subscribe(feed, channel, subscription), feed.lost, subscription.failed, ended]);
      await Promise.race([feed.lost, subscription.failed, ended]);
    } catch (error) {
      throw watchEnded(error, this.#options.address);
    } finally {
      this.#leave(feed, channel, subscription);
    }
  }

  close(): void {
    if (this.#feed !== undefined) this.#end(this.#feed);
  }

  #open(): Feed {
    const redis = this.#options.open();
    const channels = new Map<string, Set<Subscription>>();
    const lost = Promise.withResolvers<never>();
    // Every follower awaits it in a race of its own; with none left, nobody needs to know.
    lost.promise.catch(() => {});
    let problem = new Error("the connection was closed");
    redis.on("error", (error) => {
      problem = error;
    });
    redis.on("messageBuffer", (channel: Buffer, message: Buffer) => {
      for (const subscription of channels.get(channel.toString()) ?? []) subscription.message(message);
    });
    // A signal of life that fails comes with the end of the connection.
    const heartbeat = setInterval(() => redis.ping().catch(() => {}), heartbeatMs);
    const connected = redis.connect().catch(() => lost.promise);
    const feed: Feed = { redis, connected, lost: lost.promise, channels, heartbeat };
    redis.on("end", () => {
      this.#end(feed);
      lost.reject(problem);
    });
    return feed;
  }

  #leave(feed: Feed, channel: string, subscription: Subscription): void {
    const subscriptions = feed.channels.get(channel);
    subscriptions?.delete(subscription);
    if (subscriptions === undefined || subscriptions.size > 0) return;
    feed.channels.delete(channel);
    // The connection may be gone already, and with it the subscription.
    if (feed.channels.size > 0) feed.redis.unsubscribe(channel).catch(() => {});
    else this.#end(feed);
  }

  #end(feed: Feed): void {
    if (this.#feed === feed) this.#feed = undefined;
    clearInterval(feed.heartbeat);
    feed.redis.disconnect();
  }
}

async function subscribe(feed: Feed, channel: string, subscription: Subscription): Promise<void> {
  const subscriptions = feed.channels.get(channel) ?? new Set();
  feed.channels.set(channel, subscriptions.add(subscription));
  await feed.connected;
  // For a second follower of the channel the server confirms what is in place already.
  if (subscriptions.has(subscription)) await feed.redis.subscribe(channel);
  if (subscriptions.has(subscription)) subscription.start();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
