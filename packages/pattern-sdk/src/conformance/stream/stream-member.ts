import assert from "node:assert/strict";
import { type ClientCall, GrpcError } from "@prism-data/transport";
import {
  ConsumeRequest,
  ConsumeResponse,
  type Position,
  type Record,
} from "../../protocol/gen/prism/stream/v1/stream.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { eventually } from "../eventually.js";

/** A member of a group, as an app is one: collects what it is told. */
export class StreamMember {
  /** What has arrived so far, in order. */
  readonly records: Record[] = [];
  /** The assignments so far. */
  readonly assignments: number[][] = [];
  /** The last commit of each partition that is durable. */
  readonly committed = new Map<number, bigint>();
  /** How the call ended: the error (a `GatewayError` if the wire said so), or `undefined` when it ended well. */
  readonly ended: Promise<unknown>;
  /** Called with each record as it arrives. */
  onRecord: ((record: Record) => void) | undefined;
  readonly #call: ClientCall;
  #end: { readonly error: unknown } | undefined;

  constructor(call: ClientCall) {
    this.#call = call;
    this.ended = this.#collect().then((error) => {
      this.#end = { error };
      return error;
    });
  }

  get partitions(): readonly number[] {
    return this.assignments.at(-1) ?? [];
  }

  /** Sends a request as it stands, valid or not. */
  send(request: ConsumeRequest): void {
    this.#call.write(encodeMessage(ConsumeRequest, request));
  }

  /** Commits, and does not wait. */
  commit(...positions: readonly Position[]): void {
    const plain = positions.map(({ partition, offset }) => ({ partition, offset }));
    this.send({ namespace: "", action: { $case: "commit", value: { positions: plain } } });
  }

  /** Commits up to a record, and waits until that is durable. */
  async commitUpTo({ partition, offset }: Position): Promise<void> {
    this.commit({ partition, offset });
    await this.until("the commit is durable", () => (this.committed.get(partition) ?? -1n) >= offset);
  }

  /** Waits until enough has arrived. */
  async until(what: string, isEnough: () => boolean, withinMs?: number): Promise<void> {
    const check = () => {
      if (isEnough()) return true;
      if (this.#end !== undefined) throw this.#end.error ?? assert.fail(`the call ended before ${what}`);
      return false;
    };
    await eventually(what, check, withinMs);
  }

  /** Waits until so many records have arrived. */
  async untilRecords(count: number): Promise<readonly Record[]> {
    await this.until(`${count} records arrive (arrived: ${this.records.length})`, () => this.records.length >= count);
    return this.records;
  }

  /** Waits until the member knows its partitions. */
  untilAssigned(): Promise<void> {
    return this.until("the member is told its partitions", () => this.assignments.length > 0);
  }

  /** Goes without a word, as an app that is killed. */
  cancel(): void {
    this.#call.cancel();
  }

  /** Sends no more, and waits for the end of the call; throws what it ended with. */
  async leave(): Promise<void> {
    this.#call.end();
    const error = await this.ended;
    if (error !== undefined) throw error;
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const message of this.#call.messages())
        this.#take(decodeMessage(ConsumeResponse, message, "ConsumeResponse"));
      return undefined;
    } catch (error) {
      return error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  #take({ event }: ConsumeResponse): void {
    assert.ok(event?.$case === "assignment" || this.assignments.length > 0, "the assignment is the first event");
    if (event?.$case === "assignment") this.assignments.push(event.value.partitions);
    if (event?.$case === "records") this.#takeRecords(event.value.records);
    if (event?.$case !== "committed") return;
    for (const { partition, offset } of event.value.positions) this.committed.set(partition, offset);
  }

  #takeRecords(records: readonly Record[]): void {
    assert.notEqual(records.length, 0, "an event of records has one or more");
    for (const record of records) {
      assert.ok(
        this.partitions.includes(record.partition),
        `a record of partition ${record.partition}, which the member does not have`,
      );
      this.records.push(record);
      this.onRecord?.(record);
    }
  }
}
