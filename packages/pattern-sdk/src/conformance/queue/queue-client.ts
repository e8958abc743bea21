import type { CallOptions } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import { queueKind } from "../../patterns/queue/queue-kind.js";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import * as wire from "../../protocol/gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../../protocol/message.js";
import { durationFromMs } from "../../protocol/wire-time.js";
import { failureInStatus } from "../failure-in-status.js";
import { messageOf } from "../messaging/messages.js";
import { type Connection, PatternClient } from "../pattern-client.js";
import { QueueConsumer } from "./queue-consumer.js";
import { type Delivery, deliveryOf } from "./wire-delivery.js";
import { extendedOf, extendingOf, type Rejecting, rejectingOf, type Settled, settledOf } from "./wire-settling.js";

/** One message to send; a text stands for a message with this payload. */
export interface Sending {
  readonly message: Message | string;
  readonly delayMs?: number;
  readonly deduplicationId?: string;
}

export interface Receiving {
  readonly max?: number;
  readonly leaseMs?: number;
  readonly waitMs?: number;
}

export interface Consuming {
  readonly messages?: number;
  readonly bytes?: number;
  readonly leaseMs?: number;
}

/** What the queue holds, as numbers. */
export interface Contents {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
}

/** The queue service of one namespace. */
export class QueueClient extends PatternClient {
  constructor(connection: Connection, namespace: string) {
    super(queueKind, connection, namespace);
  }

  /** Sends messages and returns what became of each. */
  async sendAll(sendings: readonly Sending[]): Promise<(wire.Sent | GatewayError)[]> {
    const request = { namespace: this.namespace, entries: sendings.map(entryOf) };
    const { outcomes } = await this.call("Send", wire.SendRequest, wire.SendResponse, request);
    return outcomes.map(({ outcome }) => {
      if (outcome === undefined) throw new Error("An outcome of Send says nothing.");
      return outcome.$case === "sent" ? outcome.value : failureInStatus(outcome.value);
    });
  }

  /** Sends one message and returns what the queue said of it. */
  async send(message: Message | string, options: Omit<Sending, "message"> = {}): Promise<wire.Sent> {
    const [outcome] = await this.sendAll([{ message, ...options }]);
    if (outcome === undefined || outcome instanceof GatewayError) throw outcome ?? new Error("Send has no outcome.");
    return outcome;
  }

  /** Sends a message for each text. */
  async sendTexts(texts: readonly string[]): Promise<void> {
    for (const outcome of await this.sendAll(texts.map((message) => ({ message })))) {
      if (outcome instanceof GatewayError) throw outcome;
    }
  }

  async receive(options: Receiving = {}, callOptions: CallOptions = {}): Promise<Delivery[]> {
    const request = { namespace: this.namespace, ...receivingOf(options) };
    const response = await this.call("Receive", wire.ReceiveRequest, wire.ReceiveResponse, request, callOptions);
    return response.deliveries.map(deliveryOf);
  }

  /** Receives one message that must be there, or come soon. */
  async receiveOne(options: Receiving = {}): Promise<Delivery> {
    const [delivery] = await this.receive({ waitMs: 10_000, leaseMs: 60_000, ...options, max: 1 });
    if (delivery === undefined) throw new GatewayError("INVALID_FIELD", "No message came within 10 s.");
    return delivery;
  }

  async acknowledge(deliveryIds: readonly string[]): Promise<Settled[]> {
    const request = { namespace: this.namespace, deliveryIds: [...deliveryIds] };
    return settledOf(await this.call("Acknowledge", wire.AcknowledgeRequest, wire.AcknowledgeResponse, request));
  }

  async reject(deliveryIds: readonly string[], options: Rejecting = {}): Promise<Settled[]> {
    const request = { namespace: this.namespace, ...rejectingOf(deliveryIds, options) };
    return settledOf(await this.call("Reject", wire.RejectRequest, wire.RejectResponse, request));
  }

  /** Returns for each when its lease ends now, in ms since the Unix epoch, or why it is lost. */
  async extend(deliveryIds: readonly string[], leaseMs?: number): Promise<(number | GatewayError)[]> {
    const request = { namespace: this.namespace, ...extendingOf(deliveryIds, leaseMs) };
    return extendedOf(await this.call("Extend", wire.ExtendRequest, wire.ExtendResponse, request));
  }

  async contents(): Promise<Contents> {
    const { ready, leased, delayed, dead } = await this.describe();
    return { ready: Number(ready), leased: Number(leased), delayed: Number(delayed), dead: Number(dead) };
  }

  describe(): Promise<wire.DescribeResponse> {
    return this.call("Describe", wire.DescribeRequest, wire.DescribeResponse, { namespace: this.namespace });
  }

  /** Reads one page. */
  deadLetterPage(page: { size?: number; token?: string } = {}): Promise<wire.ListDeadLettersResponse> {
    const request = { namespace: this.namespace, pageSize: page.size ?? 0, pageToken: page.token ?? "" };
    return this.call("ListDeadLetters", wire.ListDeadLettersRequest, wire.ListDeadLettersResponse, request);
  }

  /** Reads all pages. */
  async deadLetters(size?: number): Promise<wire.DeadLetter[]> {
    const letters: wire.DeadLetter[] = [];
    let token = "";
    do {
      const page = await this.deadLetterPage({ token, ...(size === undefined ? {} : { size }) });
      letters.push(...page.deadLetters);
      token = page.nextPageToken;
    } while (token !== "");
    return letters;
  }

  /** Returns how many dead letters were sent again. */
  async redrive({ ids = [], limit = 0 }: { ids?: readonly string[]; limit?: number } = {}): Promise<number> {
    const request = { namespace: this.namespace, messageIds: [...ids], limit };
    return Number((await this.call("Redrive", wire.RedriveRequest, wire.RedriveResponse, request)).redriven);
  }

  /** Opens a consumer; what it is sent is collected from the start unless `reads` is false. */
  consume(options: Consuming = {}, { reads = true }: { readonly reads?: boolean } = {}): QueueConsumer {
    const start = {
      maxOutstandingMessages: options.messages ?? 0,
      maxOutstandingBytes: BigInt(options.bytes ?? 0),
      lease: options.leaseMs === undefined ? undefined : durationFromMs(options.leaseMs),
    };
    const request = { namespace: this.namespace, action: { $case: "start" as const, value: start } };
    return this.consumeWith(encodeMessage(wire.ConsumeRequest, request), { reads });
  }

  /** The same with the bytes of the first request, valid or not. */
  consumeWith(firstRequest: Uint8Array, { reads }: { readonly reads: boolean }): QueueConsumer {
    const consumer = new QueueConsumer(this.stream("Consume", { timeoutMs: 60_000 }), firstRequest);
    if (reads) consumer.read();
    return consumer;
  }
}

function entryOf({ message, delayMs, deduplicationId = "" }: Sending): wire.SendEntry {
  return {
    message: typeof message === "string" ? messageOf({ payload: message }) : message,
    delay: delayMs === undefined ? undefined : durationFromMs(delayMs),
    deduplicationId,
  };
}

function receivingOf({ max = 0, leaseMs, waitMs }: Receiving) {
  return {
    maxMessages: max,
    lease: leaseMs === undefined ? undefined : durationFromMs(leaseMs),
    wait: waitMs === undefined ? undefined : durationFromMs(waitMs),
  };
}
