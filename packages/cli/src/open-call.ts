import { decodeMessage, encodeMessage } from "@prism-data/pattern-sdk/protocol";
import type { ClientCall } from "@prism-data/transport";
import type { Method } from "./proxy-connection.js";

/** A call with messages both ways. Cancelled at the end of its scope. */
export class OpenCall<Request, Response> implements Disposable {
  readonly #call: ClientCall;
  readonly #method: Method<Request, Response>;
  readonly #failureOf: (error: unknown) => Error;

  /** `failureOf` says of what ended the call early what can be shown. */
  constructor(call: ClientCall, method: Method<Request, Response>, failureOf: (error: unknown) => Error) {
    this.#call = call;
    this.#method = method;
    this.#failureOf = failureOf;
  }

  /** Sends a message; waits while the other side takes no more. */
  async send(request: Request): Promise<void> {
    try {
      if (!this.#call.write(encodeMessage(this.#method.request, request))) await this.#call.writable();
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  /** Sends no more. */
  end(): void {
    this.#call.end();
  }

  /** What comes, until the call has ended well. */
  async *answers(): AsyncGenerator<Response, void, undefined> {
    try {
      for await (const message of this.#call.messages()) {
        yield decodeMessage(this.#method.response, message, this.#method.path);
      }
    } catch (error) {
      throw this.#failureOf(error);
    }
  }

  [Symbol.dispose](): void {
    this.#call.cancel();
  }
}
