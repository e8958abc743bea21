import type {
  BatchResult,
  CallContext,
  DeliveryOutlet,
  Message,
  PubSub,
  PubSubDelivery,
  SubscribeRequest,
  Subscription,
} from "@prism-data/pattern-sdk";
import type { Msg } from "nats";
import type { Connection } from "./connection.js";
import { translateError } from "./errors.js";
import { queueGroup, type Subjects } from "./subjects.js";
import { headersOf, messageOf } from "./wire-message.js";

/** One namespace of pub-sub on core NATS: at most once, in the order of each publisher. */
export class NatsPubSub implements PubSub {
  readonly #connection: Connection;
  readonly #subjects: Subjects;

  constructor(connection: Connection, subjects: Subjects) {
    this.#connection = connection;
    this.#subjects = subjects;
  }

  /** A message counts as accepted when the server has answered a ping that was sent after it. */
  async publish(topic: string, messages: readonly Message[]): Promise<BatchResult<string>[]> {
    const subject = this.#subjects.ofTopic(topic);
    const nats = this.#connection.live;
    const nowMs = Date.now();
    const results = messages.map((message): BatchResult<string> => {
      try {
        nats.publish(subject, message.payload, { headers: headersOf(message, nowMs) });
        return { ok: true, result: message.id };
      } catch (error) {
        return { ok: false, error: translateError(error, this.#connection.address) };
      }
    });
    await this.#connection.flushed();
    return results;
  }

  async subscribe(request: SubscribeRequest, outlet: DeliveryOutlet, _context: CallContext): Promise<Subscription> {
    const { topic, group } = request;
    const subscription = this.#connection.live.subscribe(this.#subjects.ofTopic(topic), {
      ...(group === undefined ? {} : { queue: queueGroup(group, topic) }),
      callback: (error, message) => {
        if (error === null) outlet.send([this.#delivery(message)]);
        else outlet.failed(translateError(error, this.#connection.address));
      },
    });
    try {
      await this.#connection.flushed();
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
    return { ordering: "per-publisher", close: () => subscription.unsubscribe() };
  }

  #delivery({ subject, data, headers }: Msg): PubSubDelivery {
    const { message, acceptedAtMs } = messageOf(headers, data);
    const topic = this.#subjects.topicOf(subject);
    return { deliveryId: "", topic, message, publishedAtMs: acceptedAtMs, deliveryCount: 1 };
  }
}
