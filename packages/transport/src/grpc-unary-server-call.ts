import type { TurnTaker } from "./fair-turns.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError, malformed, unannouncedCompression } from "./grpc-error.js";
import { type CallHost, type ServerCall, ServerCallBase } from "./grpc-server-call.js";
import type { HeaderList } from "./header-list.js";
import { MessageReader, messagePrefixBytes } from "./message-reader.js";
import { type OutgoingMessage, sendMessage } from "./send-message.js";
import type { Http2Stream } from "./stream.js";

export interface UnaryMethod {
  readonly kind: "unary";
  /** The answer at once, or a promise of it. The message is the handler's own. The answer must not change any more. */
  handle(message: Uint8Array, call: ServerCall): OutgoingMessage | PromiseLike<OutgoingMessage>;
}

/** One message in, one out. A handler that answers at once costs no promise. */
export class UnaryServerCall extends ServerCallBase implements TurnTaker {
  readonly #method: UnaryMethod;
  #message: Buffer | undefined;
  /** Only for a message that does not come in one piece. */
  #reader: MessageReader | undefined;

  constructor(
    method: UnaryMethod,
    stream: Http2Stream,
    headers: HeaderList,
    head: { path: string; timeoutMs: number | undefined },
    host: CallHost,
  ) {
    super(stream, headers, head, host);
    this.#method = method;
  }

  onData(data: Buffer, endStream: boolean): void {
    if (this.phase === "ended") return;
    if (!endStream) this.stream.releaseWindow(data.length);
    try {
      this.#receive(data);
      if (endStream) {
        this.#message = this.#completeMessage();
        this.host.turns.run(this);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  onWritable(): void {}

  /** Handles the request, now or, after a burst of others, in a later turn; it may have been given up by then. */
  takeTurn(): void {
    if (this.phase === "ended") return;
    try {
      this.#dispatch(this.#message!);
    } catch (error) {
      this.fail(error);
    }
  }

  protected onAborted(): void {}

  #receive(data: Buffer): void {
    if (data.length === 0) return;
    if (this.#isWholeMessage(data)) {
      this.#message = Buffer.from(data.subarray(messagePrefixBytes));
      return;
    }
    this.#reader ??= new MessageReader(this.host.maxMessageBytes);
    this.#reader.read(data, ({ compressed, message }) => {
      if (compressed) throw unannouncedCompression();
      if (this.#message !== undefined) throw cardinality("more than one");
      this.#message = message;
    });
  }

  #isWholeMessage(data: Buffer): boolean {
    return (
      this.#reader === undefined &&
      this.#message === undefined &&
      data.length >= messagePrefixBytes &&
      data[0] === 0 &&
      data.readUInt32BE(1) === data.length - messagePrefixBytes &&
      data.length - messagePrefixBytes <= this.host.maxMessageBytes
    );
  }

  #completeMessage(): Buffer {
    if (this.#reader !== undefined && this.#reader.pendingBytes > 0) {
      throw malformed("the request message is incomplete");
    }
    if (this.#message === undefined) throw cardinality("no");
    return this.#message;
  }

  #dispatch(message: Buffer): void {
    const answer = this.#method.handle(message, this);
    if ("then" in answer)
      answer.then(
        (message) => this.#respond(message),
        (error: unknown) => this.fail(error),
      );
    else this.#respond(answer);
  }

  #respond(message: OutgoingMessage): void {
    if (this.phase === "ended") return;
    try {
      this.sendHeaders();
      sendMessage(this.stream, message, false);
      this.succeed();
    } catch (error) {
      this.fail(error);
    }
  }
}

/** grpc/doc/statuscodes.md: "Request cardinality violation". */
function cardinality(howMany: string): GrpcError {
  return new GrpcError({
    code: GrpcCode.UNIMPLEMENTED,
    message: `${howMany} request message for a method that takes one`,
    fault: "malformed",
  });
}
