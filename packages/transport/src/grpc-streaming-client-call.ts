import { ClientCallBase, type ClientHost } from "./grpc-client-call.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import type { HeaderList } from "./header-list.js";
import { MessageInbox } from "./message-inbox.js";
import { sendMessage } from "./send-message.js";
import { WriteGate } from "./write-gate.js";

/** A call with any number of messages each way. */
export interface ClientCall {
  /** Sends a message. False: wait for `writable` before the next one. Ignored once the call is over. */
  write(message: Uint8Array): boolean;
  /** Fulfilled when there is room again; rejects with the status that ended the call. */
  writable(): Promise<void>;
  /** No more messages from this side. */
  end(): void;
  /**
   * The server's messages in order, to the end of the call. Taking them is what lets the server send more. Throws the
   * GrpcError that ended the call when that is not OK; messages that came before it are given first.
   */
  messages(): AsyncIterable<Uint8Array>;
  cancel(): void;
  /** The response headers. Rejects when the call ends without any. */
  readonly headers: Promise<HeaderList>;
  /** The trailers; empty when the call ended without any. */
  readonly trailers: Promise<HeaderList>;
  readonly bufferedBytes: number;
}

export class ActiveClientCall extends ClientCallBase implements ClientCall {
  readonly #inbox: MessageInbox;
  readonly #gate = new WriteGate();
  readonly #headers = Promise.withResolvers<HeaderList>();
  readonly #trailers = Promise.withResolvers<HeaderList>();
  #localEnd = false;

  constructor(host: ClientHost) {
    super(host);
    this.#inbox = new MessageInbox(host.maxMessageBytes, (bytes) => this.stream?.releaseWindow(bytes));
    // Whoever wants the headers asks for them; nobody has to.
    this.#headers.promise.catch(() => {});
  }

  get headers(): Promise<HeaderList> {
    return this.#headers.promise;
  }

  get trailers(): Promise<HeaderList> {
    return this.#trailers.promise;
  }

  get bufferedBytes(): number {
    return this.stream?.bufferedBytes ?? 0;
  }

  write(message: Uint8Array): boolean {
    if (this.hasEnded || this.#localEnd || this.stream === undefined) return false;
    return this.#gate.note(sendMessage(this.stream, message, false));
  }

  writable(): Promise<void> {
    return this.#gate.wait();
  }

  end(): void {
    if (this.hasEnded || this.#localEnd) return;
    this.#localEnd = true;
    this.stream?.sendData(new Uint8Array(0), true);
  }

  messages(): AsyncIterable<Uint8Array> {
    return this.#inbox;
  }

  override onWritable(): void {
    this.#gate.open();
  }

  protected override onResponseHeaders(headers: HeaderList): void {
    this.#headers.resolve(headers);
  }

  protected override onTrailingMetadata(trailers: HeaderList): void {
    this.#trailers.resolve(trailers);
  }

  protected onBytes(data: Buffer): void {
    this.#inbox.push(data);
  }

  protected onEnd(error: GrpcError | undefined): void {
    const over = error ?? new GrpcError({ code: GrpcCode.CANCELLED, message: "the call has ended" });
    this.#headers.reject(over);
    this.#trailers.resolve([]);
    this.#gate.fail(over);
    this.#inbox.finish(error);
  }
}
