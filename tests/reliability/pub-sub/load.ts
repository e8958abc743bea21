import { eventually } from "../../acceptance/eventually.ts";
import { GrpcClient } from "../../acceptance/grpc-client.ts";
import { type Delivery, PubSubClient } from "../../acceptance/pub-sub-client.ts";
import { nowMs, sinceCrash } from "../history.ts";
import { Lane, noDeadline } from "../lane.ts";
import type { Load, LoadOptions } from "../load.ts";
import { keepTalking, type TalkOptions } from "../talk.ts";
import type { Verdict } from "../verdict.ts";
import { checkDeliveries, type Publishing, type Subscriber } from "./deliveries.ts";

const topic = "orders.new";

const group = {
  group: "handlers",
  delivery: "DELIVERY_PROMISE_AT_LEAST_ONCE",
  // The shortest that leaves a slow machine time.
  acknowledgeTimeout: { seconds: 2 },
};

const startedWithinMs = 20_000;
const handledWithinMs = 30_000;

interface SubscribeAnswer {
  readonly started?: object;
  readonly deliveries?: { readonly deliveries: readonly Delivery[] };
}

/** A subscription that goes on. */
interface OpenSubscriber extends Subscriber {
  readonly delivered: { readonly text: string; readonly atMs: number }[];
  readonly acknowledged: Set<string>;
}

/** Publishers, a group that acknowledges, and a listener without one. */
export async function startPubSubLoad({ address, namespace }: LoadOptions): Promise<Load> {
  const load = new PubSubLoad(address, namespace);
  await load.publish();
  return load;
}

class PubSubLoad implements Load {
  readonly lanes: readonly Lane[];
  readonly #namespace: string;
  readonly #publishings: Publishing[] = [];
  readonly #members: OpenSubscriber[] = [];
  readonly #listeners: OpenSubscriber[] = [];
  /** When subscriptions were in place, each with its last time. */
  readonly #started = new Map<Lane, number>();
  readonly #published = new AbortController();
  readonly #heard = new AbortController();
  readonly #clients: readonly PubSubClient[];
  readonly #streams: readonly GrpcClient[];
  readonly #subscribers: readonly Lane[];
  #publishing: Promise<unknown> = Promise.resolve();
  readonly #subscribing: Promise<unknown>;

  constructor(address: string, namespace: string) {
    this.#namespace = namespace;
    const names = ["listener", "member", "member"];
    const publishers = [0, 1].map((process) => new Lane("publisher", process));
    this.#subscribers = names.map((name, index) => new Lane(name, 2 + index));
    this.lanes = [...publishers, ...this.#subscribers];
    this.#clients = publishers.map(() => new PubSubClient(address, namespace));
    this.#streams = names.map(() => new GrpcClient(address, "prism.pubsub.v1.PubSubService"));
    this.#subscribing = Promise.all(
      this.#subscribers.map((lane, index) =>
        keepTalking(lane, this.#heard.signal, () => this.#listening(lane, this.#streams[index]!)),
      ),
    );
  }

  /** Begins to publish once everybody has subscribed. */
  async publish(): Promise<void> {
    await eventually("all have subscribed", startedWithinMs, () => this.#started.size === this.#subscribers.length);
    const publishers = this.lanes.slice(0, this.#clients.length);
    this.#publishing = Promise.all(publishers.map((lane) => this.#publish(lane, this.#clients[lane.process]!)));
  }

  async finish(owedSinceMs: number): Promise<Verdict> {
    this.#published.abort();
    await this.#publishing;
    // A backend that forgets has forgotten the group too, until its members are back.
    const groupSinceMs = owedSinceMs === 0 ? 0 : Math.max(...this.#started.values());
    const check = () =>
      checkDeliveries({
        publishings: sinceCrash(this.#publishings, groupSinceMs),
        members: this.#members,
        listeners: this.#listeners,
      });
    // What is lost never comes, and the last check says so.
    await eventually("all is handled", handledWithinMs, () => !check().lost?.length).catch(() => {});
    this.#heard.abort();
    await this.#subscribing;
    return check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#published.abort();
    this.#heard.abort();
    await Promise.all([this.#publishing, this.#subscribing]);
    for (const client of [...this.#clients, ...this.#streams]) client[Symbol.dispose]();
  }

  async #publish(lane: Lane, client: PubSubClient): Promise<void> {
    let count = 0;
    await lane.repeat(this.#published.signal, async () => {
      const texts = [0, 1].map(() => `${lane.process}-${count++}`);
      const messages = texts.map((text) => ({ payload: Buffer.from(text) }));
      const publishing = await lane.call(texts, async () => {
        const { outcomes } = await client.call<{ outcomes: { outcome: string }[] }>(
          "Publish",
          { topic, messages },
          noDeadline,
        );
        return texts.filter((_, index) => outcomes[index]?.outcome === "id");
      });
      this.#publishings.push(publishing);
      return publishing.ending.kind === "done";
    });
  }

  #listening(lane: Lane, client: GrpcClient): TalkOptions<SubscribeAnswer> {
    const isMember = lane.name === "member";
    const subscriber: OpenSubscriber = { delivered: [], acknowledged: new Set() };
    (isMember ? this.#members : this.#listeners).push(subscriber);
    return {
      client,
      isOneWay: !isMember,
      method: "Subscribe",
      opening: { namespace: this.#namespace, start: { topic, ...(isMember && group) } },
      hear: ({ started, deliveries }, talk) => {
        if (started !== undefined) this.#started.set(lane, nowMs());
        if (deliveries === undefined) return;
        lane.succeed();
        for (const { deliveryId, message } of deliveries.deliveries) {
          const text = message.payload.toString();
          subscriber.delivered.push({ text, atMs: nowMs() });
          if (isMember && talk.say({ acknowledge: { deliveryIds: [deliveryId] } })) subscriber.acknowledged.add(text);
        }
      },
    };
  }
}
