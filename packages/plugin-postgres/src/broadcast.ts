import { type DeliveryOutlet, GatewayError, matchesTopic, type Subscription } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { LeasedLog } from "./leased-log.js";
import { type MessageRow, messageOf } from "./message-columns.js";
import type { Numbered } from "./namespace.js";
import type { Statement } from "./statement.js";

const takeLease: Statement = { name: "pubsub_listen", text: "SELECT pubsub_listen($1, $2, $3) AS head" };
const endLease: Statement = {
  name: "pubsub_unlisten",
  text: "DELETE FROM pubsub_lease WHERE namespace_id = $1 AND process = $2",
};
const read: Statement = { name: "pubsub_read", text: "SELECT * FROM pubsub_read($1, $2, $3, $4, $5, $6)" };

interface PublishedRow extends MessageRow {
  readonly seq: bigint;
  readonly topic: string;
  readonly published_at_ms: bigint;
}

interface Listener {
  readonly topic: string;
  readonly outlet: DeliveryOutlet;
  /** Messages up to this one were published before the subscription was in place. */
  readonly after: bigint;
}

/** The log, and who reads it: those included who are about to. */
interface Channel {
  readonly log: LeasedLog<PublishedRow>;
  readonly listeners: Set<Listener>;
  readers: number;
}

/** The subscriptions of one namespace in this process that get everything, at most once. */
export class Broadcast {
  readonly #connection: Connection;
  readonly #namespace: Numbered;
  #channel: Channel | undefined;

  constructor(connection: Connection, namespace: Numbered) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** Returns when everything that is published from now on reaches the outlet. */
  async subscribe(topic: string, outlet: DeliveryOutlet): Promise<Subscription> {
    const id = await this.#namespace.use(async (found) => found);
    const channel = this.#channel ?? this.#open(id);
    this.#channel = channel;
    channel.readers++;
    try {
      const listener: Listener = { topic, outlet, after: await channel.log.begin() };
      channel.listeners.add(listener);
      return { ordering: "total", close: () => this.#leave(channel, listener) };
    } catch (error) {
      this.#leave(channel);
      throw error;
    }
  }

  #leave(channel: Channel, listener?: Listener): void {
    if (listener !== undefined && !channel.listeners.delete(listener)) return;
    channel.readers--;
    if (channel.readers > 0) return;
    channel.log.close();
    if (this.#channel === channel) this.#channel = undefined;
  }

  #open(namespaceId: number): Channel {
    const listeners = new Set<Listener>();
    const log: LeasedLog<PublishedRow> = new LeasedLog({
      connection: this.#connection,
      namespaceId,
      ring: `pub-sub:${namespaceId}`,
      takeLease,
      endLease,
      read,
      onRow: (row) => deliver(row, listeners),
      onFailed: (error) => {
        // What was missed in a long outage is lost to those who read at most once; they go on from here.
        if (error instanceof GatewayError && error.reason === "WATCH_OVERFLOW") return void log.begin().catch(() => {});
        for (const { outlet } of listeners) outlet.failed(error);
      },
    });
    return { log, listeners, readers: 0 };
  }
}

function deliver(row: PublishedRow, listeners: ReadonlySet<Listener>): void {
  const delivery = {
    deliveryId: "",
    topic: row.topic,
    message: messageOf(row),
    publishedAtMs: Number(row.published_at_ms),
    deliveryCount: 1,
  };
  for (const { topic, outlet, after } of listeners)
    if (row.seq > after && matchesTopic(topic, row.topic)) outlet.send([delivery]);
}
