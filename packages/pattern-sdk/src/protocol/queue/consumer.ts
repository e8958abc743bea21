import type { StreamingServerCall } from "@prism-data/transport";
import type { CallContext } from "../../call-context.js";
import { GatewayError } from "../../errors.js";
import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import type { QueueDelivery } from "../../patterns/queue/queue.js";
import { ConsumeRequest, ConsumeResponse, type Delivery } from "../gen/prism/queue/v1/queue.js";
import { decodeMessage, encodeMessage } from "../message.js";
import { answerBytesTarget, answerMessagesMax } from "../messaging/messaging-bounds.js";
import { unlessAborted } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import type { CheckedStart } from "./checked-requests.js";
import { takeStep } from "./consumer-step.js";
import { HeldDeliveries } from "./held-deliveries.js";
import { waitMsMax } from "./queue-bounds.js";
import type { BoundQueue, QueueEnvironment } from "./queue-method.js";
import { releaseLeases } from "./release-leases.js";
import { wireDelivery } from "./wire-answers.js";

/** What one Consume call is about. */
export interface ConsumerParts {
  readonly call: StreamingServerCall;
  readonly bound: BoundQueue;
  readonly start: CheckedStart;
  readonly environment: QueueEnvironment;
}

/**
 * Serves one Consume call: takes messages at the pace at which the app reads and settles them, and settles what it says.
 *
 * Invariant: whatever was leased for the app is settled by it, or given back when the call is over.
 */
export class Consumer {
  readonly #parts: ConsumerParts;
  readonly #held: HeldDeliveries;
  readonly #stopping = new AbortController();
  /** Aborted when no more messages are to be taken: the call is over, the binding has closed, or the app has said its last word. */
  readonly #signal: AbortSignal;
  readonly #context: CallContext;
  /** Whether the deliveries that are given back in the end count: not those that Prism took from a worker. */
  #counts = true;

  constructor(parts: ConsumerParts) {
    const { call, bound, start } = parts;
    this.#parts = parts;
    this.#held = new HeldDeliveries(start.bounds);
    this.#signal = AbortSignal.any([call.signal, bound.closed, this.#stopping.signal]);
    this.#context = new ServerCallContext(bound.namespace, call, this.#signal);
  }

  /** Ends when the app does, or rejects with what ended the call. */
  async run(): Promise<void> {
    const taking = this.#take();
    try {
      await Promise.race([this.#settle(), taking.catch((error: unknown) => this.#finish(error))]);
    } finally {
      this.#stopping.abort();
      await taking.catch(() => {});
      await this.#release(this.#held.deliveryIds, this.#counts);
    }
  }

  /** Takes messages until `#signal` is aborted; rejects with its reason, or with what the plugin throws. */
  async #take(): Promise<never> {
    const { bound, start } = this.#parts;
    let neededBytes = 1;
    for (;;) {
      const room = await this.#held.room(neededBytes, this.#signal);
      const messagesMax = Math.min(room.items, answerMessagesMax);
      const bytesMax = Math.min(room.bytes, answerBytesTarget);
      const request = { messagesMax, bytesMax, leaseMs: start.leaseMs, waitMs: waitMsMax };
      const deliveries = await bound.pattern.receive(request, this.#context);
      neededBytes = await this.#deliver(deliveries);
    }
  }

  /** Sends what fits and gives the rest back; returns how many bytes must be free before more is taken. */
  async #deliver(deliveries: readonly QueueDelivery[]): Promise<number> {
    const { call } = this.#parts;
    const fitting = this.#signal.aborted ? [] : this.#hold(deliveries);
    const event = { $case: "deliveries" as const, value: { deliveries: fitting } };
    const hasRoom = fitting.length === 0 || call.write(encodeMessage(ConsumeResponse, { event }));
    const unfit = deliveries.slice(fitting.length);
    await this.#release(
      unfit.map(({ deliveryId }) => deliveryId),
      false,
    );
    if (!hasRoom) await unlessAborted(call.writable(), this.#signal);
    return unfit[0] === undefined ? 1 : messageSizeBytes(unfit[0].message);
  }

  /** Those of the deliveries that the consumer may hold now, from the first on, as they are sent. */
  #hold(deliveries: readonly QueueDelivery[]): Delivery[] {
    const { leaseMs } = this.#parts.start;
    const fitting: Delivery[] = [];
    for (const delivery of deliveries) {
      const sent = wireDelivery(delivery, leaseMs);
      if (!this.#held.add(sent.deliveryId, delivery, leaseMs)) break;
      fitting.push(sent);
    }
    return fitting;
  }

  /** Does what the app says, one after the other, until it has said its last word. */
  async #settle(): Promise<void> {
    const { call, bound, start, environment } = this.#parts;
    const { statusOfEntry } = environment;
    const context = new ServerCallContext(bound.namespace, call);
    for await (const message of call.messages()) {
      const request = decodeMessage(ConsumeRequest, message, "prism.queue.v1.ConsumeRequest");
      const step = { bound, held: this.#held, leaseMs: start.leaseMs, context, statusOfEntry };
      const event = await takeStep(request, step);
      if (!call.write(encodeMessage(ConsumeResponse, { event }))) await call.writable();
    }
  }

  /**
   * No more messages are taken. When that is because of a drain, the worker may still settle what it holds, for as long as the drain
   * lets calls finish. Rejects with what ended the call.
   */
  async #finish(error: unknown): Promise<never> {
    const { call, bound } = this.#parts;
    if (this.#stopping.signal.aborted) throw error;
    if (bound.closed.aborted || !call.signal.aborted) this.#counts = false;
    if (isDraining(error)) while (this.#held.size > 0) await this.#held.change(call.signal);
    throw error;
  }

  async #release(ids: readonly string[], counts: boolean): Promise<void> {
    const { bound, environment } = this.#parts;
    if (ids.length > 0) await releaseLeases(bound, { ids, counts }, this.#context, environment);
  }
}

function isDraining(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === "DRAINING";
}
