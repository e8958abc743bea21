import { type ClientCall, GrpcError } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import { AppendStreamRequest, AppendStreamResponse, type Position } from "../../protocol/gen/prism/stream/v1/stream.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { type Appended, positionOrFailure, recordOf } from "./stream-records.js";

/** An open AppendStream call. Its methods reject with `GatewayError`. */
export class StreamAppender {
  readonly #call: ClientCall;
  readonly #namespace: string;
  readonly #answers: AsyncIterator<Uint8Array>;

  constructor(call: ClientCall, namespace: string) {
    this.#call = call;
    this.#namespace = namespace;
    this.#answers = call.messages()[Symbol.asyncIterator]();
  }

  /** Sends a request; waits until the transport takes the next one. */
  async send(records: readonly Appended[], namespace = this.#namespace): Promise<void> {
    const request = { namespace, records: records.map(recordOf) };
    if (!this.#call.write(encodeMessage(AppendStreamRequest, request))) await this.#call.writable();
  }

  /** The outcomes of the next request; `undefined`: the call has ended well. */
  async answer(): Promise<(Position | GatewayError)[] | undefined> {
    try {
      const { done, value } = await this.#answers.next();
      if (done) return undefined;
      return decodeMessage(AppendStreamResponse, value, "AppendStreamResponse").outcomes.map(positionOrFailure);
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  /** Sends no more. */
  end(): void {
    this.#call.end();
  }
}
