import assert from "node:assert";
import type { ReceiveWindow, SendWindow } from "./flow-control.js";
import type { HeaderList } from "./header-list.js";
import type { Sender } from "./sender.js";
import type { StreamTable } from "./stream-table.js";

/**
 * Implemented by whoever uses a stream. Called synchronously from the socket's data event; must not throw.
 * Nothing is called after onReset, after `reset`, or once both sides have ended.
 */
export interface StreamEvents {
  /** Client role: the response headers (1xx are swallowed). The server role gets its headers with the stream. */
  onHeaders(headers: HeaderList, endStream: boolean): void;
  /** A view into the chunk that was read; it may be kept, chunks are never written over. */
  onData(data: Buffer, endStream: boolean): void;
  /** Trailers, which end the peer's side. */
  onTrailers(trailers: HeaderList): void;
  /** After sendData returned false: less than half of the high-water mark is waiting now. */
  onWritable(): void;
  /**
   * The peer reset the stream or broke its rules, or the connection is gone: REFUSED_STREAM when the request was
   * certainly not processed, `connectionLost` when it may have been. Ends the stream both ways.
   */
  onReset(errorCode: number): void;
}

/** One request and its response. */
export interface Http2Stream {
  /** 0 while the request waits for the peer's MAX_CONCURRENT_STREAMS. */
  readonly id: number;
  /** Server role: the response headers. */
  sendHeaders(headers: HeaderList, endStream: boolean): void;
  /** Keeps the bytes until sent: they must not change. False when more than the high-water mark is waiting. */
  sendData(data: Uint8Array, endStream: boolean): boolean;
  sendTrailers(trailers: HeaderList): void;
  /** RST_STREAM; no event comes any more. */
  reset(errorCode: number): void;
  /** Gives credit for received DATA that has been consumed: the stream's window opens only through this. */
  releaseWindow(sizeBytes: number): void;
  /** Bytes that wait for a window or the socket. */
  readonly bufferedBytes: number;
}

/** RFC 9113 section 5.1. "idle" is a request that waits for its turn. */
export type StreamState = "idle" | "open" | "half-closed-local" | "half-closed-remote" | "closed";

const ignoreEvents: StreamEvents = {
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onWritable() {},
  onReset() {},
};

export class Stream implements Http2Stream {
  id: number;
  events: StreamEvents = ignoreEvents;
  state: StreamState;
  readonly sender: Sender;
  readonly table: StreamTable;

  // Receiving.
  receiving: "headers" | "body" = "body";
  receiveWindow: ReceiveWindow;
  /** RFC 9113 section 8.1.1: bytes of the declared content-length still to come. */
  contentLeft: number | undefined;

  // Sending.
  sending: "headers" | "body" = "body";
  sendWindow: SendWindow;
  bufferedBytes = 0;
  #queue: Uint8Array[] | undefined;
  #queueHead = 0;
  #headOffset = 0;
  /** What ends our side once everything buffered is sent. */
  ending: undefined | "end-stream" | HeaderList;
  /** In the round of streams that have bytes to send. */
  inRound = false;
  nextInRound: Stream | undefined;
  /** sendData has returned false since the last onWritable. */
  wantsWritable = false;

  constructor(
    id: number,
    state: StreamState,
    windows: { receive: ReceiveWindow; send: SendWindow },
    owners: { sender: Sender; table: StreamTable },
  ) {
    this.id = id;
    this.state = state;
    this.receiveWindow = windows.receive;
    this.sendWindow = windows.send;
    this.sender = owners.sender;
    this.table = owners.table;
  }

  get canReceive(): boolean {
    return this.state === "open" || this.state === "half-closed-local";
  }

  get canSend(): boolean {
    return this.state === "open" || this.state === "half-closed-remote" || this.state === "idle";
  }

  sendHeaders(headers: HeaderList, endStream: boolean): void {
    if (this.state === "closed") return;
    assert(this.canSend && this.sending === "headers", "sendHeaders after the response headers");
    this.sender.sendHeaders(this, headers, endStream);
  }

  sendData(data: Uint8Array, endStream: boolean): boolean {
    if (this.state === "closed") return true;
    assert(this.canSend && this.sending === "body" && this.ending === undefined, "sendData outside the body");
    return this.sender.sendData(this, data, endStream);
  }

  sendTrailers(trailers: HeaderList): void {
    if (this.state === "closed") return;
    assert(this.canSend && this.sending === "body" && this.ending === undefined, "sendTrailers outside the body");
    this.sender.sendTrailers(this, trailers);
  }

  reset(errorCode: number): void {
    this.table.reset(this, errorCode);
  }

  releaseWindow(sizeBytes: number): void {
    if (!this.canReceive) return;
    const increment = this.receiveWindow.release(sizeBytes);
    if (increment > 0) this.sender.windowUpdate(this.id, increment);
  }

  enqueue(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#queue ??= [];
    this.#queue.push(data);
    this.bufferedBytes += data.length;
    this.sender.bufferedBytes += data.length;
  }

  /** Passes on the next `bytes` of what is buffered, piece by piece. */
  dequeue(bytes: number, take: (data: Uint8Array, start: number, end: number) => void): void {
    const queue = this.#queue!;
    this.bufferedBytes -= bytes;
    this.sender.bufferedBytes -= bytes;
    while (bytes > 0) {
      const data = queue[this.#queueHead]!;
      const end = Math.min(data.length, this.#headOffset + bytes);
      take(data, this.#headOffset, end);
      bytes -= end - this.#headOffset;
      this.#headOffset = end;
      if (end === data.length) this.#dropHead(queue);
    }
  }

  dropBuffered(): void {
    this.#queue = undefined;
    this.#queueHead = 0;
    this.#headOffset = 0;
    this.sender.bufferedBytes -= this.bufferedBytes;
    this.bufferedBytes = 0;
    this.ending = undefined;
  }

  #dropHead(queue: Uint8Array[]): void {
    this.#headOffset = 0;
    this.#queueHead++;
    if (this.#queueHead === queue.length) {
      queue.length = 0;
      this.#queueHead = 0;
    } else if (this.#queueHead >= 64 && this.#queueHead * 2 >= queue.length) {
      queue.splice(0, this.#queueHead);
      this.#queueHead = 0;
    }
  }
}
