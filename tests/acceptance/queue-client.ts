import type { ClientDuplexStream } from "@grpc/grpc-js";
import { GrpcClient } from "./grpc-client.ts";

/** A message, as the app has it. */
export interface QueueMessage {
  readonly id: string;
  readonly key: string;
  readonly headers: readonly { readonly name: string; readonly value: Buffer }[];
  readonly contentType: string;
  readonly payload: Buffer;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly message: QueueMessage;
  readonly deliveryCount: number;
  readonly leaseExpireTime: { readonly seconds: number; readonly nanos: number };
}

export interface DeadLetter {
  readonly message: QueueMessage;
  readonly deliveryCount: number;
  readonly cause: string;
}

/** What an app sends; a text is a payload. */
export type Sending = string | { readonly message: object; readonly delay?: object; readonly deduplicationId?: string };

/** What became of one message or delivery; code 0: it was done. */
interface Status {
  readonly code: number;
  readonly message: string;
}

interface ConsumeAnswer {
  readonly deliveries?: { readonly deliveries: readonly Delivery[] };
  readonly acknowledged?: { readonly statuses: readonly Status[] };
  readonly rejected?: { readonly statuses: readonly Status[] };
}

export interface Contents {
  readonly ready: number;
  readonly leased: number;
  readonly delayed: number;
  readonly dead: number;
}

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 20_000;

/** One app of one queue, on a connection of its own. */
export class QueueClient implements Disposable {
  readonly namespace: string;
  readonly #client: GrpcClient;

  constructor(address: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new GrpcClient(address, "prism.queue.v1.QueueService");
  }

  call<T>(method: string, request: object, timeoutMs = defaultTimeoutMs): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, timeoutMs);
  }

  /** Sends messages, and says which ids they have. Throws when one was refused. */
  async send(...sendings: readonly Sending[]): Promise<string[]> {
    const request = { entries: sendings.map(entryOf) };
    const { outcomes } = await this.call<{ outcomes: { sent?: { id: string } }[] }>("Send", request);
    return outcomes.map(({ sent }) => {
      if (sent === undefined) throw new Error(`a message was refused: ${JSON.stringify(outcomes)}`);
      return sent.id;
    });
  }

  async receive(request: object = {}, timeoutMs?: number): Promise<readonly Delivery[]> {
    return (await this.call<{ deliveries: Delivery[] }>("Receive", request, timeoutMs)).deliveries;
  }

  /** Receives one message that must be there, or come soon. */
  async receiveOne(request: object = {}): Promise<Delivery> {
    const [delivery] = await this.receive({ wait: { seconds: 10 }, ...request });
    if (delivery === undefined) throw new Error("no message came within 10 s");
    return delivery;
  }

  /** The codes of what became of each; 0: it was done. */
  async acknowledge(...deliveryIds: readonly string[]): Promise<number[]> {
    const { statuses } = await this.call<{ statuses: Status[] }>("Acknowledge", { deliveryIds });
    return statuses.map(({ code }) => code);
  }

  async reject(deliveryId: string, more: object = {}): Promise<void> {
    await this.call("Reject", { deliveryIds: [deliveryId], ...more });
  }

  describe(timeoutMs?: number): Promise<Contents> {
    return this.call("Describe", {}, timeoutMs);
  }

  async deadLetters(): Promise<readonly DeadLetter[]> {
    return (await this.call<{ deadLetters: DeadLetter[] }>("ListDeadLetters", {})).deadLetters;
  }

  async redrive(request: object = {}): Promise<number> {
    return (await this.call<{ redriven: number }>("Redrive", request)).redriven;
  }

  /** Opens a stream without saying anything on it. */
  open(timeoutMs = defaultTimeoutMs): Consumer {
    return new Consumer(this.#client.bidiStream("Consume", timeoutMs));
  }

  consume(start: object = {}, timeoutMs?: number): Consumer {
    const consumer = this.open(timeoutMs);
    consumer.say({ namespace: this.namespace, start });
    return consumer;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** An open Consume call. */
export class Consumer {
  readonly deliveries: Delivery[] = [];
  /** The codes of what became of what was acknowledged, in order. */
  readonly acknowledged: number[] = [];
  /** Fulfilled when the call has ended well; rejects with what it ended with. */
  readonly ended: Promise<void>;
  readonly #call: ClientDuplexStream<object, ConsumeAnswer>;

  constructor(call: ClientDuplexStream<object, ConsumeAnswer>) {
    this.#call = call;
    call.on("data", ({ deliveries, acknowledged }: ConsumeAnswer) => {
      this.deliveries.push(...(deliveries?.deliveries ?? []));
      this.acknowledged.push(...(acknowledged?.statuses ?? []).map(({ code }) => code));
    });
    this.ended = new Promise<void>((resolve, reject) => {
      call.once("end", resolve);
      call.once("error", reject);
    });
    // Whoever wants to know how it ended asks.
    this.ended.catch(() => {});
  }

  say(request: object): void {
    this.#call.write(request);
  }

  acknowledge(...deliveryIds: readonly string[]): void {
    this.say({ acknowledge: { deliveryIds } });
  }

  /** Goes without a word. */
  cancel(): void {
    this.#call.cancel();
  }

  /** Says no more, and waits for the end. */
  finish(): Promise<void> {
    this.#call.end();
    return this.ended;
  }
}

export function textOf({ message }: Pick<Delivery, "message">): string {
  return message.payload.toString();
}

function entryOf(sending: Sending): object {
  return typeof sending === "string" ? { message: { payload: Buffer.from(sending) } } : sending;
}
