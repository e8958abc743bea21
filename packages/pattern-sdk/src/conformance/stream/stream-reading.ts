import assert from "node:assert/strict";
import { type ClientCall, GrpcError } from "@prism-data/transport";
import { ReadResponse, type Record } from "../../protocol/gen/prism/stream/v1/stream.js";
import { decodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { eventually } from "../eventually.js";

/** An open Read call. Takes nothing off the connection until it is first asked. */
export class StreamReading {
  /** What has arrived so far, in order. */
  readonly records: Record[] = [];
  /** How many records had arrived when the reader was said to have caught up. `undefined`: it was not. */
  caughtUpAt: number | undefined;
  readonly #call: ClientCall;
  #ended: Promise<unknown> | undefined;
  #end: { readonly error: unknown } | undefined;

  constructor(call: ClientCall, request: Uint8Array) {
    this.#call = call;
    call.write(request);
    call.end();
  }

  /** How the call ended: the error (a `GatewayError` if the wire said so), or `undefined` when it ended well. */
  get ended(): Promise<unknown> {
    this.#ended ??= this.#collect().then((error) => {
      this.#end = { error };
      return error;
    });
    return this.#ended;
  }

  /** Waits for the end; throws what the call ended with. */
  async finished(): Promise<void> {
    const error = await this.ended;
    if (error !== undefined) throw error;
  }

  /** Waits until enough has arrived. */
  async until(what: string, isEnough: () => boolean, withinMs?: number): Promise<void> {
    void this.ended;
    const check = () => {
      if (isEnough()) return true;
      if (this.#end !== undefined) throw this.#end.error ?? assert.fail(`the read ended before ${what}`);
      return false;
    };
    await eventually(what, check, withinMs);
  }

  /** Waits until the call has ended well. */
  async untilEnded(): Promise<void> {
    await eventually("the read ends", () => this.#isOver());
    await this.finished();
  }

  /** Waits until so many records have arrived. */
  untilRecords(count: number): Promise<void> {
    return this.until(`${count} records arrive`, () => this.records.length >= count);
  }

  /** Waits until the reader has caught up. */
  untilCaughtUp(): Promise<void> {
    return this.until("the reader has caught up", () => this.caughtUpAt !== undefined);
  }

  cancel(): void {
    this.#call.cancel();
  }

  #isOver(): boolean {
    void this.ended;
    return this.#end !== undefined;
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const message of this.#call.messages())
        this.#take(decodeMessage(ReadResponse, message, "ReadResponse"));
      return undefined;
    } catch (error) {
      return error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  #take({ records, caughtUp }: ReadResponse): void {
    this.records.push(...records);
    if (!caughtUp) return;
    assert.equal(this.caughtUpAt, undefined, "caught_up is sent once");
    this.caughtUpAt = this.records.length;
  }
}
