import type { PubSubDelivery, Subscription } from "@prism-data/pattern-sdk";
import type { KafkaPubSub } from "../pub-sub.js";
import { callWith, messageOf } from "./open-namespace.js";

/** Publishes to the topic `t`. Throws when one message is refused. */
export async function publish(pubSub: KafkaPubSub, ...texts: string[]): Promise<void> {
  const messages = texts.map((text) => messageOf(text));
  for (const result of await pubSub.publish("t", messages, callWith())) {
    if (!result.ok) throw result.error;
  }
}

/** A subscription to the topic `t` that keeps what it gets. */
export class Subscriber {
  readonly deliveries: PubSubDelivery[] = [];
  readonly failures: unknown[] = [];
  subscription!: Subscription;

  static async open(
    pubSub: KafkaPubSub,
    { delivery, group }: { delivery: "at-most-once" | "at-least-once"; group?: string },
  ): Promise<Subscriber> {
    const subscriber = new Subscriber();
    const bounds = { outstandingMessagesMax: 100, outstandingBytesMax: 2 ** 20, acknowledgeTimeoutMs: 600_000 };
    const outlet = {
      room: async () => ({ items: 100, bytes: 2 ** 20 }),
      send: (items: readonly PubSubDelivery[]) => void subscriber.deliveries.push(...items),
      failed: (error: unknown) => void subscriber.failures.push(error),
    };
    subscriber.subscription = await pubSub.subscribe({ topic: "t", group, delivery, ...bounds }, outlet, callWith());
    return subscriber;
  }

  get ids(): string[] {
    return this.deliveries.map(({ message }) => message.id);
  }
}
