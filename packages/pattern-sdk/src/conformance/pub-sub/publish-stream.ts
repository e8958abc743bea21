import { type ClientCall, GrpcError } from "@prism-data/transport";
import type { GatewayError } from "../../errors.js";
import * as wire from "../../protocol/gen/prism/pubsub/v1/pubsub.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { type MessageParts, messageOf, outcomeOf } from "../messaging/messages.js";

/** A stream of requests to publish. */
export class PublishStream {
  readonly #call: ClientCall;
  readonly #answers: AsyncIterator<Uint8Array>;

  constructor(call: ClientCall) {
    this.#call = call;
    this.#answers = call.messages()[Symbol.asyncIterator]();
  }

  /** Sends a request, and waits until the connection takes another. */
  async send(namespace: string, topic: string, messages: readonly MessageParts[]): Promise<void> {
    const request = { namespace, topic, messages: messages.map(messageOf) };
    if (!this.#call.write(encodeMessage(wire.PublishStreamRequest, request))) await this.#call.writable();
  }

  /** The next answer; `undefined`: the stream has ended well. Throws `GatewayError`. */
  async answer(): Promise<(string | GatewayError)[] | undefined> {
    try {
      const { done, value } = await this.#answers.next();
      if (done) return undefined;
      return decodeMessage(wire.PublishStreamResponse, value, "PublishStreamResponse").outcomes.map(outcomeOf);
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  /** Says that there are no more requests. */
  end(): void {
    this.#call.end();
  }
}
