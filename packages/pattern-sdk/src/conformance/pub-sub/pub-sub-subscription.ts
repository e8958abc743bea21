import assert from "node:assert/strict";
import { type ClientCall, GrpcError } from "@prism-data/transport";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import * as wire from "../../protocol/gen/prism/pubsub/v1/pubsub.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { durationFromMs, msFromTimestamp } from "../../protocol/wire-time.js";
import { eventually } from "../eventually.js";
import { textOf } from "../messaging/messages.js";

/** One message as it arrived. */
export interface Arrival {
  readonly deliveryId: string;
  readonly topic: string;
  readonly message: Message;
  /** The payload as text. */
  readonly text: string;
  readonly publishedAtMs: number;
  readonly deliveryCount: number;
  /** When it arrived, by `performance.now()`. */
  readonly arrivedAtMs: number;
}

/** How many messages were said to be lost, and after how many arrivals. */
export interface Loss {
  readonly after: number;
  readonly messages: number;
}

/** An open subscription: collects what arrives, in order. */
export class PubSubSubscription {
  readonly arrivals: Arrival[] = [];
  readonly losses: Loss[] = [];
  /** How the subscription ended: the error (a `GatewayError` if the wire said so), or `undefined` when it ended without one. */
  readonly ended: Promise<unknown>;
  readonly #call: ClientCall;
  #reading: Promise<void> = Promise.resolve();
  #started: wire.Started | undefined;
  #end: { readonly error: unknown } | undefined;

  private constructor(call: ClientCall) {
    this.#call = call;
    this.ended = this.#collect().then((error) => {
      this.#end = { error };
      return error;
    });
  }

  static async open(call: ClientCall, request: wire.SubscribeRequest, isReading: boolean): Promise<PubSubSubscription> {
    call.write(encodeMessage(wire.SubscribeRequest, request));
    const subscription = new PubSubSubscription(call);
    const resume = isReading ? undefined : subscription.pause();
    await eventually("the subscription is in place", () => subscription.#started || subscription.#end);
    if (subscription.#end?.error !== undefined) throw subscription.#end.error;
    subscription.resume = resume ?? subscription.resume;
    return subscription;
  }

  /** What the plugin promises. */
  get started(): wire.Started {
    return this.#started!;
  }

  get texts(): string[] {
    return this.arrivals.map(({ text }) => text);
  }

  /** Reads on after it did not from the beginning. */
  resume: () => void = () => {};

  /** Takes nothing more off the connection until what is returned is called. */
  pause(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reading = promise;
    return resolve;
  }

  /** Waits until so many messages have arrived, and returns all. */
  async count(messages: number, withinMs?: number): Promise<Arrival[]> {
    const what = () => `${messages} messages arrive (there are ${this.arrivals.length})`;
    await eventually(what(), () => this.#goesOn() && this.arrivals.length >= messages, withinMs);
    return this.arrivals;
  }

  /** Waits until something holds of what has arrived. */
  async until(what: string, holds: (arrivals: readonly Arrival[]) => boolean, withinMs?: number): Promise<Arrival[]> {
    await eventually(what, () => this.#goesOn() && holds(this.arrivals), withinMs);
    return this.arrivals;
  }

  /** Waits until a message of this text has arrived, and returns the texts of those before its last arrival. */
  async before(text: string): Promise<string[]> {
    await this.until(`the message ${text} arrives`, (arrivals) => arrivals.some((arrival) => arrival.text === text));
    return this.texts.slice(0, this.texts.lastIndexOf(text));
  }

  acknowledge(...arrivals: readonly Arrival[]): void {
    this.send({ $case: "acknowledge", value: { deliveryIds: idsOf(arrivals) } });
  }

  reject(arrivals: readonly Arrival[], { delayMs, cause = "" }: { delayMs?: number; cause?: string } = {}): void {
    const delay = delayMs === undefined ? undefined : durationFromMs(delayMs);
    this.send({ $case: "reject", value: { deliveryIds: idsOf(arrivals), delay, cause } });
  }

  extend(arrivals: readonly Arrival[], timeoutMs?: number): void {
    const acknowledgeTimeout = timeoutMs === undefined ? undefined : durationFromMs(timeoutMs);
    this.send({ $case: "extend", value: { deliveryIds: idsOf(arrivals), acknowledgeTimeout } });
  }

  /** Sends a step that may be wrong. */
  send(action: wire.SubscribeRequest["action"], namespace = ""): void {
    this.#call.write(encodeMessage(wire.SubscribeRequest, { namespace, action }));
  }

  /** Says that nothing more comes from this side. */
  closeSide(): void {
    this.#call.end();
  }

  /** Leaves without a word, as an app does that crashes. */
  leave(): void {
    this.#call.cancel();
  }

  #goesOn(): true {
    if (this.#end !== undefined) throw this.#end.error ?? new Error("The subscription ended.");
    return true;
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const message of this.#call.messages()) {
        this.#take(decodeMessage(wire.SubscribeResponse, message, "SubscribeResponse"));
        await this.#reading;
      }
      return undefined;
    } catch (error) {
      return error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  #take({ event }: wire.SubscribeResponse): void {
    assert.equal(event?.$case === "started", this.#started === undefined, "started is the first event, and comes once");
    if (event?.$case === "started") this.#started = event.value;
    if (event?.$case === "lost")
      this.losses.push({ after: this.arrivals.length, messages: Number(event.value.messages) });
    if (event?.$case === "deliveries") {
      assert.notEqual(event.value.deliveries.length, 0, "deliveries are one or more");
      this.arrivals.push(...event.value.deliveries.map(arrivalOf));
    }
  }
}

function arrivalOf({ deliveryId, topic, message, publishTime, deliveryCount }: wire.Delivery): Arrival {
  assert.ok(message !== undefined && publishTime !== undefined, "a delivery has its message and its time");
  const publishedAtMs = msFromTimestamp(publishTime);
  return {
    ...{ deliveryId, topic, message, publishedAtMs, deliveryCount },
    text: textOf(message),
    arrivedAtMs: performance.now(),
  };
}

function idsOf(arrivals: readonly Arrival[]): string[] {
  return arrivals.map(({ deliveryId }) => deliveryId);
}
