import { type ClientCall, GrpcError } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import { ConsumeRequest, ConsumeResponse } from "../../protocol/gen/prism/queue/v1/queue.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { eventually } from "../eventually.js";
import { type Delivery, deliveryOf } from "./wire-delivery.js";
import { extendedOf, extendingOf, type Rejecting, rejectingOf, type Settled, settledOf } from "./wire-settling.js";

type Event = NonNullable<ConsumeResponse["event"]>;
type Answer = Exclude<Event, { readonly $case: "deliveries" }>;
type Action = NonNullable<ConsumeRequest["action"]>;

/** An open Consume call: collects what it is sent. */
export class QueueConsumer {
  /** What has been delivered so far, in order. */
  readonly deliveries: Delivery[] = [];
  /** The answers to the consumer's requests that nobody has waited for, in order. */
  readonly answers: Answer[] = [];
  readonly #call: ClientCall;
  readonly #ended = Promise.withResolvers<unknown>();
  #end: { readonly error: unknown } | undefined;

  constructor(call: ClientCall, firstRequest: Uint8Array) {
    this.#call = call;
    call.write(firstRequest);
  }

  /** How the call ended: the error (a `GatewayError` if the wire said so), or `undefined` when it ended without one. */
  get ended(): Promise<unknown> {
    return this.#ended.promise;
  }

  /** Waits until the plugin serves the call, or has refused it. */
  async started(): Promise<void> {
    await this.#call.headers.catch(() => {});
  }

  /** Takes what arrives from now on. */
  read(): void {
    void this.#collect().then((error) => {
      this.#end = { error };
      this.#ended.resolve(error);
    });
  }

  /** Waits until so many deliveries have arrived, and returns all of them. */
  async until(count: number): Promise<readonly Delivery[]> {
    await this.#until(`${count} deliveries arrive`, () => this.deliveries.length >= count);
    return this.deliveries;
  }

  acknowledge(deliveryIds: readonly string[]): Promise<Settled[]> {
    const value = { namespace: "", deliveryIds: [...deliveryIds] };
    return this.#ask({ $case: "acknowledge", value }, "acknowledged", ({ value }) => settledOf(value));
  }

  reject(deliveryIds: readonly string[], options: Rejecting = {}): Promise<Settled[]> {
    const value = { namespace: "", ...rejectingOf(deliveryIds, options) };
    return this.#ask({ $case: "reject", value }, "rejected", ({ value }) => settledOf(value));
  }

  extend(deliveryIds: readonly string[], leaseMs?: number): Promise<(number | GatewayError)[]> {
    const value = { namespace: "", ...extendingOf(deliveryIds, leaseMs) };
    return this.#ask({ $case: "extend", value }, "extended", ({ value }) => extendedOf(value));
  }

  /** Sends a request as it stands, and waits for nothing. */
  say(request: Partial<ConsumeRequest>): void {
    this.#call.write(encodeMessage(ConsumeRequest, { namespace: "", action: undefined, ...request }));
  }

  /** Says that nothing more will be said, and returns how the call ended. */
  finish(): Promise<unknown> {
    this.#call.end();
    return this.ended;
  }

  /** Leaves without a word. */
  cancel(): void {
    this.#call.cancel();
  }

  /** Sends a request and waits for the answer of its kind; one at a time. */
  async #ask<Kind extends Answer["$case"], T>(
    action: Action,
    kind: Kind,
    read: (answer: Extract<Answer, { readonly $case: Kind }>) => T,
  ): Promise<T> {
    this.say({ action });
    const isAnswer = (one: Answer): one is Extract<Answer, { readonly $case: Kind }> => one.$case === kind;
    await this.#until(`the answer ${kind} arrives`, () => this.answers.some(isAnswer));
    const [answer] = this.answers.splice(this.answers.findIndex(isAnswer), 1);
    return read(answer as Extract<Answer, { readonly $case: Kind }>);
  }

  async #until(what: string, isThere: () => boolean): Promise<void> {
    await eventually(`${what} (arrived: ${this.deliveries.length} deliveries)`, () => {
      if (isThere()) return true;
      if (this.#end !== undefined) throw this.#end.error ?? new Error(`The call ended before ${what}.`);
      return false;
    });
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const message of this.#call.messages()) {
        const { event } = decodeMessage(ConsumeResponse, message, "ConsumeResponse");
        if (event?.$case === "deliveries") this.deliveries.push(...event.value.deliveries.map(deliveryOf));
        else if (event !== undefined) this.answers.push(event);
      }
      return undefined;
    } catch (error) {
      return error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }
}
