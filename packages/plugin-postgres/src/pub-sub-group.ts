import { type GroupDelivery, type MemberRequest, type SubscriberGroup, WaitingReceives } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import type { Numbered } from "./namespace.js";
import { type QueueBounds, QueueStore } from "./queue-store.js";
import type { Statement } from "./statement.js";
import { topicExpression } from "./topic-expression.js";

const make: Statement = { name: "pubsub_group_make", text: "SELECT pubsub_group_make($1, $2, $3, $4, $5, $6) AS id" };
const remove: Statement = {
  name: "pubsub_group_remove",
  text: "SELECT pubsub_group_remove($1, $2, true, 0, $3) AS removed",
};

/** Of a group that is one subscription's own: it keeps everything for as long as that is there. */
const unbounded: QueueBounds = { deliveriesMax: undefined, retentionMs: undefined };

export interface PubSubGroupOptions {
  readonly connection: Connection;
  readonly namespace: Numbered;
  /** Names the group in its namespace, to the server and here. */
  readonly key: string;
  /** `undefined`: it is one subscription's own, and gone with it. */
  readonly name: string | undefined;
  readonly topic: string;
  readonly bounds: QueueBounds;
}

/** One group, as its members in this process see it: a queue of what was published to its topic. */
export class PubSubGroup implements Numbered, SubscriberGroup {
  readonly key: string;
  readonly store: QueueStore;
  readonly waiting: WaitingReceives<MemberRequest, GroupDelivery>;
  /** How many take from it in this process. */
  members = 0;
  readonly #options: PubSubGroupOptions;
  #id: number | undefined;

  constructor(options: PubSubGroupOptions) {
    const { connection, key, name, bounds } = options;
    this.key = key;
    this.#options = options;
    this.store = new QueueStore(connection, this, name === undefined ? unbounded : bounds);
    this.waiting = new WaitingReceives<MemberRequest, GroupDelivery>(this.store);
  }

  /** Its number, once it was made. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Makes the group unless it is there: from then on everything published is held for it. */
  async make(): Promise<void> {
    const { connection, namespace, key, name, topic } = this.#options;
    const isOwn = name === undefined;
    const values = [key, isOwn ? undefined : Buffer.from(name), topic, topicExpression(topic), isOwn];
    // On the session, which says for how long a group of one subscription is there.
    const rows = await namespace.use((id) => connection.session.run<{ id: number }>(make, [id, ...values]));
    this.#id = rows[0]!.id;
  }

  async use<T>(work: (id: number) => Promise<T>): Promise<T> {
    if (this.#id === undefined) await this.make();
    return work(this.#id!);
  }

  /** Removes the group with all that it holds. */
  async remove(): Promise<void> {
    const id = this.#id;
    if (id === undefined) return;
    await this.#options.namespace.use((namespaceId) => inSlices(this.#options.connection, remove, [namespaceId, id]));
  }
}
