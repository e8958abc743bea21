import { randomUUID } from "node:crypto";
import {
  type BatchResult,
  type CallContext,
  type DeliveryOutlet,
  MemberSubscription,
  type Message,
  messageSizeBytes,
  type PubSub,
  type SubscribeRequest,
  type Subscription,
  settled,
} from "@prism-data/pattern-sdk";
import { textArray } from "./binary-array.js";
import { Broadcast } from "./broadcast.js";
import type { Connection } from "./connection.js";
import { buryDeadLetters } from "./dead-letter-burial.js";
import { GroupCommit } from "./group-commit.js";
import { messageArrays } from "./message-columns.js";
import type { Namespace } from "./namespace.js";
import { encodeName } from "./namespaces.js";
import { PubSubGroup } from "./pub-sub-group.js";
import type { QueueBounds } from "./queue-store.js";
import type { Statement } from "./statement.js";

const publish: Statement = { name: "pubsub_publish", text: "SELECT pubsub_publish($1, $2, $3, $4, $5, $6, $7, $8)" };

const writeLoad = 64;

interface Publication {
  readonly topic: string;
  readonly message: Message;
}

/** One namespace of pub-sub in PostgreSQL: notifications wake, tables hold what must last. */
export class PostgresPubSub implements PubSub {
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  readonly #bounds: QueueBounds;
  readonly #publications: GroupCommit<Publication, void>;
  readonly #broadcast: Broadcast;
  /** Those that somebody in this process is in. */
  readonly #groups = new Map<string, PubSubGroup>();
  readonly #stopListening: () => void;

  constructor(connection: Connection, namespace: Namespace, bounds: QueueBounds) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#bounds = bounds;
    this.#broadcast = new Broadcast(connection, namespace);
    this.#publications = new GroupCommit({ address: connection.address, apply: (entries) => this.#publish(entries) });
    // Groups of one subscription belong to the session, which is a new one.
    this.#stopListening = connection.onUp(() => {
      for (const group of this.#groups.values()) group.make().catch(() => {});
    });
  }

  /** The numbers of the groups that somebody in this process is in. */
  get groupIds(): readonly number[] {
    return [...this.#groups.values()].flatMap(({ id }) => id ?? []);
  }

  /** Each message on its own; the group commit keeps their order and commits them together. */
  publish(topic: string, messages: readonly Message[], { deadlineMs }: CallContext): Promise<BatchResult<string>[]> {
    const published = messages.map(async (message) => {
      await this.#publications.submit({ topic, message }, { deadlineMs, sizeBytes: messageSizeBytes(message) });
      return message.id;
    });
    return Promise.all(published.map(settled));
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet): Promise<Subscription> {
    const { topic, group: name, delivery, acknowledgeTimeoutMs } = request;
    const isAcknowledged = delivery === "at-least-once";
    if (name === undefined && !isAcknowledged) return this.#broadcast.subscribe(topic, outlet);
    const group = await this.#join(name, topic);
    const subscription = new MemberSubscription({
      group,
      outlet,
      acknowledgeTimeoutMs: isAcknowledged ? acknowledgeTimeoutMs : undefined,
      onRejected: () => this.#bury(group, name),
      onClosed: () => this.#leave(group, name),
    });
    void subscription.deliver();
    return subscription;
  }

  close(): void {
    this.#stopListening();
    for (const { waiting } of this.#groups.values()) waiting.close();
  }

  async #join(name: string | undefined, topic: string): Promise<PubSubGroup> {
    const key = name === undefined ? `~${randomUUID()}` : `${encodeName(name)}/${encodeName(topic)}`;
    const known = this.#groups.get(key);
    const group =
      known ??
      new PubSubGroup({
        connection: this.#connection,
        namespace: this.#namespace,
        key,
        name,
        topic,
        bounds: this.#bounds,
      });
    this.#groups.set(key, group);
    await group.make();
    return group;
  }

  async #leave(group: PubSubGroup, name: string | undefined): Promise<void> {
    if (group.members > 0) return;
    this.#groups.delete(group.key);
    if (name === undefined) await group.remove();
  }

  /** The sweep does it a little later, should it fail now. */
  #bury({ id }: PubSubGroup, name: string | undefined): void {
    if (this.#bounds.deliveriesMax === undefined || id === undefined || name === undefined) return;
    this.#namespace.use((namespaceId) => buryDeadLetters(this.#connection, namespaceId, { id, name })).catch(() => {});
  }

  async #publish(entries: readonly Publication[]): Promise<BatchResult<void>[]> {
    const topics = textArray(entries.map(({ topic }) => topic));
    const messages = messageArrays(entries.map(({ message }) => message));
    await this.#namespace.use((id) => this.#connection.run(publish, [id, topics, ...messages], writeLoad));
    return entries.map(() => ({ ok: true, result: undefined }));
  }
}
