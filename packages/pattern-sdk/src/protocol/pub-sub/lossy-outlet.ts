import type { OutgoingMessage } from "@prism-data/transport";
import type { Room } from "../../patterns/messaging/outlet.js";
import type { PubSubDelivery } from "../../patterns/pub-sub/pub-sub.js";
import { answersOf } from "../messaging/answers-of.js";
import { CallWriter } from "../messaging/call-writer.js";
import { Outstanding, type OutstandingBounds } from "../messaging/outstanding.js";
import type { SubscriberOutlet, SubscriberOutletOptions } from "./subscriber-outlet.js";
import { deliveryCodec, lostAnswer } from "./wire-deliveries.js";

const { encode, sizeBytesOf } = deliveryCodec;

/** What waits for a slow subscriber: a delivery, or how many were lost in this place. */
type Waiting = PubSubDelivery | { readonly lost: number };

/** Delivers at once, and drops what the subscriber is too slow for: at most once. It is told how much that was, in its place. */
export class LossyOutlet implements SubscriberOutlet {
  readonly failed: (error: unknown) => void;
  readonly #signal: AbortSignal;
  readonly #bounds: OutstandingBounds;
  readonly #kept: Outstanding;
  readonly #writer: CallWriter;
  #waiting: Waiting[] = [];
  /** Lost after everything that waits. */
  #lost = 0;
  #isStarted = false;
  /** Fulfilled when there may be room again, or none ever. */
  #change: PromiseWithResolvers<void> | undefined;

  constructor({ call, request, signal, onFailed }: SubscriberOutletOptions) {
    this.failed = onFailed;
    this.#signal = signal;
    this.#bounds = { messages: request.outstandingMessagesMax, bytes: request.outstandingBytesMax };
    this.#kept = new Outstanding(this.#bounds);
    this.#writer = new CallWriter(call, () => this.#flush());
    signal.addEventListener("abort", () => this.#end(), { once: true });
  }

  start(started: OutgoingMessage): void {
    this.#writer.write(started);
    this.#isStarted = true;
    this.#flush();
  }

  async room(): Promise<Room> {
    while (!this.#isFlowing) {
      this.#signal.throwIfAborted();
      this.#change ??= Promise.withResolvers();
      await this.#change.promise;
    }
    return { items: this.#bounds.messages, bytes: this.#bounds.bytes };
  }

  send(items: readonly PubSubDelivery[]): void {
    if (this.#signal.aborted) return;
    for (const answer of answersOf(items, sizeBytesOf)) {
      if (this.#isFlowing) this.#writer.write(encode(answer));
      else for (const item of answer) this.#keep(item);
    }
  }

  /** Nothing is to be given back. */
  counted(): undefined {
    return undefined;
  }

  get #isFlowing(): boolean {
    return this.#isStarted && !this.#writer.isBlocked;
  }

  #keep(item: PubSubDelivery): void {
    if (!this.#kept.add(sizeBytesOf(item))) {
      this.#lost++;
      return;
    }
    this.#noteLost();
    this.#waiting.push(item);
  }

  #noteLost(): void {
    if (this.#lost === 0) return;
    this.#waiting.push({ lost: this.#lost });
    this.#lost = 0;
  }

  /** Sends what waits, as far as the transport takes it. */
  #flush(): void {
    if (this.#signal.aborted) return;
    this.#noteLost();
    while (this.#waiting.length > 0 && this.#isFlowing) this.#sendNext();
    if (this.#isFlowing) this.#wake();
  }

  /** Sends one answer: how many were lost, or the deliveries up to the next such place. */
  #sendNext(): void {
    const [first] = this.#waiting;
    if (first !== undefined && "lost" in first) {
      this.#waiting.shift();
      this.#writer.write(lostAnswer(first.lost));
      return;
    }
    const upTo = this.#waiting.findIndex((waiting) => "lost" in waiting);
    const run = (upTo < 0 ? this.#waiting : this.#waiting.slice(0, upTo)) as readonly PubSubDelivery[];
    const [answer = []] = answersOf(run, sizeBytesOf);
    this.#waiting = this.#waiting.slice(answer.length);
    for (const item of answer) this.#kept.remove(sizeBytesOf(item));
    this.#writer.write(encode(answer));
  }

  #end(): void {
    this.#waiting = [];
    this.#wake();
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }
}
