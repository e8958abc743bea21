import type { CallOptions } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import { streamKind } from "../../patterns/stream/stream-kind.js";
import * as wire from "../../protocol/gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../../protocol/message.js";
import { timestampFromMs } from "../../protocol/wire-time.js";
import { type Connection, PatternClient } from "../pattern-client.js";
import { StreamAppender } from "./stream-appender.js";
import { StreamMember } from "./stream-member.js";
import { StreamReading } from "./stream-reading.js";
import { type Appended, positionOrFailure, recordOf, recordText } from "./stream-records.js";

/** Where and how to read. */
export interface ReadOptions extends CallOptions {
  readonly partition?: number;
  readonly from?: "earliest" | "latest" | { readonly offset: bigint } | { readonly timeMs: number };
  readonly limit?: number;
  readonly follow?: boolean;
}

/** How to be a member of a group. */
export interface ConsumeOptions {
  readonly from?: "earliest" | "latest";
  readonly recordsMax?: number;
  readonly bytesMax?: number;
}

/** The stream service of one namespace. */
export class StreamClient extends PatternClient {
  constructor(connection: Connection, namespace: string) {
    super(streamKind, connection, namespace);
  }

  /** Appends records; the position or the failure of each. */
  async append(...records: readonly Appended[]): Promise<(wire.Position | GatewayError)[]> {
    const request = { namespace: this.namespace, records: records.map(recordOf) };
    const { outcomes } = await this.call("Append", wire.AppendRequest, wire.AppendResponse, request);
    return outcomes.map(positionOrFailure);
  }

  /** Appends records, all of which must be accepted; their positions. */
  async appendAll(...records: readonly Appended[]): Promise<wire.Position[]> {
    const outcomes = await this.append(...records);
    for (const outcome of outcomes) if (outcome instanceof Error) throw outcome;
    return outcomes as wire.Position[];
  }

  /** Opens a stream to append on. */
  appendStream(): StreamAppender {
    return new StreamAppender(this.stream("AppendStream"), this.namespace);
  }

  /** Begins to read. */
  read({ partition, from, limit = 0, follow = false, ...options }: ReadOptions = {}): StreamReading {
    return this.readWith({ partition, start: startOf(from), limit: BigInt(limit), follow }, options);
  }

  /** Begins to read with a request as it stands, valid or not. */
  readWith(request: Partial<wire.ReadRequest>, options: CallOptions = {}): StreamReading {
    const whole = { namespace: this.namespace, start: undefined, limit: 0n, follow: false, ...request };
    return new StreamReading(this.stream("Read", options), encodeMessage(wire.ReadRequest, whole));
  }

  /** Everything that there is now. */
  async readAll(options: ReadOptions = {}): Promise<readonly wire.Record[]> {
    const reading = this.read(options);
    await reading.finished();
    return reading.records;
  }

  /** The payloads of everything that there is now, as texts. */
  async texts(options: ReadOptions = {}): Promise<string[]> {
    return (await this.readAll(options)).map(recordText);
  }

  /** Joins a group. */
  consume(group: string, { from, recordsMax = 0, bytesMax = 0 }: ConsumeOptions = {}): StreamMember {
    const start = from === undefined ? undefined : ({ $case: from, value: true } as const);
    const join = { group, start, maxOutstandingRecords: recordsMax, maxOutstandingBytes: BigInt(bytesMax) };
    return this.consumeWith({ $case: "join", value: join });
  }

  /** Opens a Consume stream with a first request as it stands, valid or not. */
  consumeWith(action: wire.ConsumeRequest["action"], namespace = this.namespace): StreamMember {
    const member = new StreamMember(this.stream("Consume"));
    member.send({ namespace, action });
    return member;
  }

  describe(group = ""): Promise<wire.DescribeResponse> {
    return this.call("Describe", wire.DescribeRequest, wire.DescribeResponse, { namespace: this.namespace, group });
  }

  /** What the only partition holds. */
  async describeOnly(group?: string): Promise<wire.PartitionDescription> {
    return (await this.describe(group)).partitions[0]!;
  }
}

function startOf(from: ReadOptions["from"]): wire.ReadRequest["start"] {
  if (from === undefined) return undefined;
  if (typeof from === "string") return { $case: from, value: true };
  if ("offset" in from) return { $case: "offset", value: from.offset };
  return { $case: "time", value: timestampFromMs(from.timeMs) };
}
