import { type GrpcError, malformed, unannouncedCompression } from "./grpc-error.js";
import { MessageReader, messagePrefixBytes, type ReceivedMessage } from "./message-reader.js";

type InboxState =
  | { readonly kind: "open" }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly error: GrpcError };

interface Waiter {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: GrpcError) => void;
}

/**
 * The received messages of a streaming call. Bytes of complete messages are given back to the stream's window when the
 * message is taken, so a slow reader holds up to one window; those of a message still arriving at once, so that one
 * larger than the window can arrive.
 */
export class MessageInbox implements AsyncIterable<Uint8Array> {
  readonly #reader: MessageReader;
  readonly #release: (bytes: number) => void;
  readonly #waiters: Waiter[] = [];
  #messages: Buffer[] = [];
  #head = 0;
  #heldBytes = 0;
  #state: InboxState = { kind: "open" };
  readonly #deliver = ({ compressed, message }: ReceivedMessage): void => {
    if (compressed) throw unannouncedCompression();
    const waiter = this.#waiters.shift();
    if (waiter === undefined) {
      this.#messages.push(message);
      return;
    }
    this.#releaseHeld(messagePrefixBytes + message.length);
    waiter.resolve({ done: false, value: message });
  };

  constructor(maxMessageBytes: number, release: (bytes: number) => void) {
    this.#reader = new MessageReader(maxMessageBytes);
    this.#release = release;
  }

  /** @throws GrpcError when the bytes are not acceptable messages */
  push(chunk: Buffer): void {
    if (this.#state.kind !== "open") return;
    this.#heldBytes += chunk.length;
    this.#reader.read(chunk, this.#deliver);
    if (this.#head === this.#messages.length) this.#releaseHeld(this.#heldBytes);
  }

  /** No more bytes come. @throws GrpcError when the last message is incomplete */
  end(): void {
    if (this.#state.kind !== "open") return;
    if (this.#reader.pendingBytes > 0) throw malformed("the last message is incomplete");
    this.#state = { kind: "ended" };
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** The call is over: messages that came before its end are still given, then the error if it ended with one. */
  finish(error: GrpcError | undefined): void {
    if (this.#state.kind !== "open") return;
    const incomplete = error === undefined && this.#reader.pendingBytes > 0;
    const end = incomplete ? malformed("the last message is incomplete") : error;
    this.#state = end === undefined ? { kind: "ended" } : { kind: "failed", error: end };
    for (const waiter of this.#waiters.splice(0)) {
      if (end === undefined) waiter.resolve({ done: true, value: undefined });
      else waiter.reject(end);
    }
  }

  /** The call is over: messages not taken yet are dropped. */
  fail(error: GrpcError): void {
    if (this.#state.kind === "failed") return;
    this.#state = { kind: "failed", error };
    this.#messages = [];
    this.#head = 0;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
  }

  /** Leaving a loop leaves the rest of the messages for the next one. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    return {
      next: () => this.#next(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  /** The next message if it is there already. `undefined` says nothing about what comes later. */
  take(): Uint8Array | undefined {
    return this.#head < this.#messages.length ? this.#shift() : undefined;
  }

  #next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#head < this.#messages.length) return Promise.resolve({ done: false, value: this.#shift() });
    if (this.#state.kind === "failed") return Promise.reject(this.#state.error);
    if (this.#state.kind === "ended") return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  #shift(): Buffer {
    const message = this.#messages[this.#head++]!;
    if (this.#head === this.#messages.length) {
      this.#messages = [];
      this.#head = 0;
      this.#releaseHeld(this.#heldBytes);
    } else {
      this.#releaseHeld(messagePrefixBytes + message.length);
      if (this.#head >= 256) {
        this.#messages.splice(0, this.#head);
        this.#head = 0;
      }
    }
    return message;
  }

  #releaseHeld(bytes: number): void {
    const released = Math.min(bytes, this.#heldBytes);
    if (released === 0) return;
    this.#heldBytes -= released;
    this.#release(released);
  }
}
