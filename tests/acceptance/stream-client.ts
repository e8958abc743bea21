import type { ClientDuplexStream, ClientReadableStream } from "@grpc/grpc-js";
import { GrpcClient } from "./grpc-client.ts";

/** A place in a log. */
export interface Position {
  readonly partition: number;
  readonly offset: number;
}

/** A record, as the app has it. */
export interface StreamRecord extends Position {
  readonly message: {
    readonly id: string;
    readonly key: string;
    readonly headers: readonly { readonly name: string; readonly value: Buffer }[];
    readonly contentType: string;
    readonly payload: Buffer;
  };
  readonly appendTime: { readonly seconds: number; readonly nanos: number };
}

/** What an app appends; a text is a payload. */
export type Appended =
  | string
  | { readonly key?: string; readonly payload: string | Uint8Array; readonly [field: string]: unknown };

interface ReadAnswer {
  readonly records: readonly StreamRecord[];
  readonly caughtUp: boolean;
}

interface ConsumeAnswer {
  readonly assignment?: { readonly partitions: readonly number[] };
  readonly records?: { readonly records: readonly StreamRecord[] };
  readonly committed?: { readonly positions: readonly Position[] };
}

export interface PartitionDescription {
  readonly partition: number;
  readonly earliestOffset: number;
  readonly nextOffset: number;
  readonly committedOffset?: number;
  readonly lag?: number;
}

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 20_000;

/** One app of one stream namespace, on a connection of its own. */
export class StreamClient implements Disposable {
  readonly namespace: string;
  readonly #client: GrpcClient;

  constructor(address: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new GrpcClient(address, "prism.stream.v1.StreamService");
  }

  call<T>(method: string, request: object, timeoutMs = defaultTimeoutMs): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, timeoutMs);
  }

  /** Appends records, and says where they are. Throws when one was refused. */
  async append(...records: readonly Appended[]): Promise<Position[]> {
    const request = { records: records.map(messageOf) };
    const { outcomes } = await this.call<{ outcomes: { position?: Position }[] }>("Append", request);
    return outcomes.map(({ position }) => {
      if (position === undefined) throw new Error(`a record was refused: ${JSON.stringify(outcomes)}`);
      return position;
    });
  }

  read(request: object = {}): Reading {
    return new Reading(this.#client.serverStream("Read", { namespace: this.namespace, ...request }, defaultTimeoutMs));
  }

  /** The payloads of all that is there, as texts. */
  async texts(request: object = {}): Promise<string[]> {
    const reading = this.read(request);
    await reading.ended;
    return reading.records.map(textOf);
  }

  /** Opens a stream without saying anything on it. */
  open<Q, S>(method: string): ClientDuplexStream<Q, S> {
    return this.#client.bidiStream(method, defaultTimeoutMs);
  }

  /** Joins a group. */
  consume(group: string, options: object = {}): Member {
    const member = new Member(this.open("Consume"));
    member.send({ namespace: this.namespace, join: { group, ...options } });
    return member;
  }

  async describe(group = ""): Promise<readonly PartitionDescription[]> {
    return (await this.call<{ partitions: PartitionDescription[] }>("Describe", { group })).partitions;
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** An open Read call. */
export class Reading {
  readonly records: StreamRecord[] = [];
  hasCaughtUp = false;
  /** Fulfilled when the call has ended well; rejects with what it ended with. */
  readonly ended: Promise<void>;
  readonly #call: ClientReadableStream<ReadAnswer>;

  constructor(call: ClientReadableStream<ReadAnswer>) {
    this.#call = call;
    call.on("data", ({ records, caughtUp }: ReadAnswer) => {
      this.records.push(...records);
      this.hasCaughtUp ||= caughtUp;
    });
    this.ended = endOf(call);
  }

  cancel(): void {
    this.#call.cancel();
  }
}

/** A member of a group. */
export class Member {
  readonly records: StreamRecord[] = [];
  readonly committed: Position[] = [];
  partitions: readonly number[] | undefined;
  /** Fulfilled when the call has ended well; rejects with what it ended with. */
  readonly ended: Promise<void>;
  readonly #call: ClientDuplexStream<object, ConsumeAnswer>;

  constructor(call: ClientDuplexStream<object, ConsumeAnswer>) {
    this.#call = call;
    call.on("data", ({ assignment, records, committed }: ConsumeAnswer) => {
      if (assignment !== undefined) this.partitions = assignment.partitions;
      this.records.push(...(records?.records ?? []));
      this.committed.push(...(committed?.positions ?? []));
    });
    this.ended = endOf(call);
  }

  send(request: object): void {
    this.#call.write(request);
  }

  commit({ partition, offset }: Position): void {
    this.send({ commit: { positions: [{ partition, offset }] } });
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
}

export function textOf({ message }: StreamRecord): string {
  return message.payload.toString();
}

function messageOf(record: Appended): object {
  const { payload, ...fields } = typeof record === "string" ? { payload: record } : record;
  return { ...fields, payload: Buffer.from(payload) };
}

function endOf(call: ClientReadableStream<unknown>): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => {
    call.once("end", resolve);
    call.once("error", reject);
  });
  // Whoever wants to know how it ended asks.
  ended.catch(() => {});
  return ended;
}
