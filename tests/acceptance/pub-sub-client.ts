import type { ClientDuplexStream } from "@grpc/grpc-js";
import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";

/** A message, as the app has it. */
export interface ReceivedMessage {
  readonly id: string;
  readonly key: string;
  readonly headers: readonly { readonly name: string; readonly value: Buffer }[];
  readonly contentType: string;
  readonly payload: Buffer;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly topic: string;
  readonly message: ReceivedMessage;
  readonly publishTime: { readonly seconds: number; readonly nanos: number };
  readonly deliveryCount: number;
}

/** What an app publishes; a text is a payload. */
export type Published = string | { readonly payload?: string | Uint8Array; readonly [field: string]: unknown };

interface SubscribeAnswer {
  readonly started?: { readonly delivery: string; readonly ordering: string };
  readonly deliveries?: { readonly deliveries: readonly Delivery[] };
  readonly lost?: { readonly messages: number };
}

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 30_000;
const withinMs = 20_000;

/** One app of one pub-sub namespace, on a connection of its own. */
export class PubSubClient implements Disposable {
  readonly namespace: string;
  readonly #client: GrpcClient;

  constructor(address: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new GrpcClient(address, "prism.pubsub.v1.PubSubService");
  }

  call<T>(method: string, request: object, timeoutMs = defaultTimeoutMs): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, timeoutMs);
  }

  /** Publishes messages, and says their ids. Throws when one was refused. */
  async publish(topic: string, ...messages: readonly Published[]): Promise<string[]> {
    const request = { topic, messages: messages.map(messageOf) };
    const { outcomes } = await this.call<{ outcomes: { outcome: string; id: string }[] }>("Publish", request);
    return outcomes.map(({ outcome, id }) => {
      if (outcome !== "id") throw new Error(`a message was refused: ${JSON.stringify(outcomes)}`);
      return id;
    });
  }

  /** Opens a stream without saying anything on it. */
  open<Q extends object, S>(method: string, timeoutMs = defaultTimeoutMs): ClientDuplexStream<Q, S> {
    return this.#client.bidiStream(method, timeoutMs);
  }

  /** Subscribes, and waits until the subscription is in place or has ended. */
  async subscribe(topic: string, start: object = {}, timeoutMs?: number): Promise<Subscription> {
    const subscription = new Subscription(this.open("Subscribe", timeoutMs));
    subscription.send({ namespace: this.namespace, start: { topic, ...start } });
    await eventually("the subscription is in place", withinMs, () => subscription.started ?? subscription.hasEnded);
    return subscription;
  }

  /** The same at least once. */
  hold(topic: string, start: object = {}): Promise<Subscription> {
    return this.subscribe(topic, { delivery: "DELIVERY_PROMISE_AT_LEAST_ONCE", ...start });
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** An open subscription: collects what comes. */
export class Subscription {
  started: SubscribeAnswer["started"];
  lost = 0;
  hasEnded = false;
  readonly deliveries: Delivery[] = [];
  /** How it ended: rejects unless it ended well. */
  readonly ended: Promise<void>;
  readonly #call: ClientDuplexStream<object, SubscribeAnswer>;

  constructor(call: ClientDuplexStream<object, SubscribeAnswer>) {
    this.#call = call;
    call.on("data", ({ started, deliveries, lost }: SubscribeAnswer) => {
      this.started ??= started;
      this.deliveries.push(...(deliveries?.deliveries ?? []));
      this.lost += lost?.messages ?? 0;
    });
    this.ended = new Promise((resolve, reject) => {
      call.once("end", resolve);
      call.once("error", reject);
    });
    // Whoever wants to know how it ended asks.
    this.ended
      .catch(() => {})
      .then(() => {
        this.hasEnded = true;
      });
  }

  get texts(): string[] {
    return this.deliveries.map(({ message }) => message.payload.toString());
  }

  async count(deliveries: number): Promise<Delivery[]> {
    const what = `${deliveries} messages arrive`;
    await eventually(what, withinMs, () => this.deliveries.length >= deliveries);
    return this.deliveries;
  }

  send(request: object): void {
    this.#call.write(request);
  }

  acknowledge(...deliveries: readonly Delivery[]): void {
    this.send({ acknowledge: { deliveryIds: deliveries.map(({ deliveryId }) => deliveryId) } });
  }

  reject(...deliveries: readonly Delivery[]): void {
    this.send({ reject: { deliveryIds: deliveries.map(({ deliveryId }) => deliveryId), cause: "the test says so" } });
  }

  /** Goes without a word. */
  cancel(): void {
    this.#call.cancel();
  }

  /** Sends no more, and waits for the end. */
  leave(): Promise<void> {
    this.#call.end();
    return this.ended;
  }

  /** Takes nothing more off the connection until what is returned is called. */
  pause(): () => void {
    this.#call.pause();
    return () => this.#call.resume();
  }
}

export function messageOf(published: Published): object {
  const { payload = "", ...fields } = typeof published === "string" ? { payload: published } : published;
  return { ...fields, payload: Buffer.from(payload) };
}
