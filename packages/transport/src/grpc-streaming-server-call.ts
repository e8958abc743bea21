import type { GrpcError } from "./grpc-error.js";
import { type CallHost, type ServerCall, ServerCallBase } from "./grpc-server-call.js";
import type { HeaderList } from "./header-list.js";
import { MessageInbox } from "./message-inbox.js";
import { type OutgoingMessage, sendMessage } from "./send-message.js";
import type { Http2Stream } from "./stream.js";
import { WriteGate } from "./write-gate.js";

/** A call with any number of messages each way. */
export interface StreamingServerCall extends ServerCall {
  /**
   * The caller's messages in order, to the end of its side. Taking them is what lets the caller send more. Throws the
   * GrpcError that ended the call early.
   */
  messages(): AsyncIterable<Uint8Array>;
  /** Takes the next message if it has come already; `undefined` says nothing about what comes later. */
  arrived(): Uint8Array | undefined;
  /** Sends the response headers now rather than with the first message. */
  sendHeaders(): void;
  /** Sends a message. False: wait for `writable` before the next one. Ignored once the call is over. */
  write(message: OutgoingMessage): boolean;
  /** Fulfilled when there is room again; rejects with the GrpcError that ended the call. */
  writable(): Promise<void>;
  readonly bufferedBytes: number;
}

export interface StreamMethod {
  readonly kind: "stream";
  /** The call succeeds when the promise is fulfilled. */
  handle(call: StreamingServerCall): PromiseLike<void>;
}

export class ActiveStreamingServerCall extends ServerCallBase implements StreamingServerCall {
  readonly #inbox: MessageInbox;
  readonly #gate = new WriteGate();

  constructor(
    stream: Http2Stream,
    headers: HeaderList,
    head: { path: string; timeoutMs: number | undefined },
    host: CallHost,
  ) {
    super(stream, headers, head, host);
    this.#inbox = new MessageInbox(host.maxMessageBytes, (bytes) => stream.releaseWindow(bytes));
  }

  get bufferedBytes(): number {
    return this.stream.bufferedBytes;
  }

  async run(method: StreamMethod): Promise<void> {
    try {
      await method.handle(this);
      if (this.phase === "ended") return;
      this.sendHeaders();
      this.succeed();
    } catch (error) {
      this.fail(error);
    }
  }

  messages(): AsyncIterable<Uint8Array> {
    return this.#inbox;
  }

  arrived(): Uint8Array | undefined {
    return this.#inbox.take();
  }

  override sendHeaders(): void {
    super.sendHeaders();
  }

  write(message: OutgoingMessage): boolean {
    if (this.phase === "ended") return false;
    super.sendHeaders();
    return this.#gate.note(sendMessage(this.stream, message, false));
  }

  writable(): Promise<void> {
    return this.#gate.wait();
  }

  onData(data: Buffer, endStream: boolean): void {
    try {
      this.#inbox.push(data);
      if (endStream) this.#inbox.end();
    } catch (error) {
      this.abort(error as GrpcError);
    }
  }

  onWritable(): void {
    this.#gate.open();
  }

  protected onAborted(error: GrpcError): void {
    this.#inbox.fail(error);
    this.#gate.fail(error);
  }
}
