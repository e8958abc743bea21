import assert from "node:assert";
import type { ReceiveWindow, SendWindow } from "./flow-control.js";
import type { HeaderList } from "./header-list.js";
import type { Payload } from "./output.js";
import { SendQueue } from "./send-queue.js";
import type { Sender } from "./sender.js";
import type { StreamTable } from "./stream-table.js";

/**
 * Implemented by whoever uses a stream. Called synchronously from the socket's data event; must not throw.
 * Nothing is called after onReset, after `reset`, or once both sides have ended.
 */
export interface StreamEvents {
  /** Client role: the response headers (1xx are swallowed). The server role gets its headers with the stream. */
  onHeaders(headers: HeaderList, endStream: boolean): void;
  /** Bytes that are lent for the time of the call: what is to be kept must be copied. */
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
  /** The same for bytes that are only lent to the caller: what does not go out at once is copied. */
  relayData(data: Uint8Array, endStream: boolean): boolean;
  sendTrailers(trailers: HeaderList): void;
  /** RST_STREAM; no event comes any more. Nothing happens to a stream that has ended. */
  reset(errorCode: number): void;
  /**
   * From now on no event comes and nothing waits to be sent, but the peer is not told: the stream ends when the peer ends it, or by
   * `reset`. Only `reset` may be called any more.
   */
  abandon(): void;
  /** Gives credit for received DATA that has been consumed: the stream's window opens only through this. */
  releaseWindow(sizeBytes: number): void;
  /** Makes the stream's window larger for good, by so many bytes, of which the peer is told. */
  growWindow(sizeBytes: number): void;
  /** Bytes that wait for a window or the socket. */
  readonly bufferedBytes: number;
  /** Both sides have ended, or it was reset. */
  readonly isClosed: boolean;
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
  /** What the peer may send more, and is to be told of. */
  creditBytes = 0;
  /** RFC 9113 section 8.1.1: bytes of the declared content-length still to come. */
  contentLeft: number | undefined;

  // Sending.
  sending: "headers" | "body" = "body";
  sendWindow: SendWindow;
  #queue: SendQueue | undefined;
  /** What ends our side once everything buffered is sent. */
  ending: undefined | "end-stream" | HeaderList;
  /** How often in a row it was seen with all given to send, but not all sent. */
  timesSeenUnread = 0;
  /** In the round of streams that have bytes to send. */
  inRound = false;
  nextInRound: Stream | undefined;
  /** DATA that went out. */
  sentBytes = 0;
  /** What went out in the turn `passedInTurn` without waiting in that round. */
  passedBytes = 0;
  passedInTurn = -1;
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

  get isClosed(): boolean {
    return this.state === "closed";
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

  get bufferedBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.sizeBytes;
  }

  sendData(data: Uint8Array, endStream: boolean): boolean {
    return this.#send(data, endStream, false);
  }

  relayData(data: Uint8Array, endStream: boolean): boolean {
    return this.#send(data, endStream, true);
  }

  sendTrailers(trailers: HeaderList): void {
    if (this.state === "closed") return;
    assert(this.canSend && this.sending === "body" && this.ending === undefined, "sendTrailers outside the body");
    this.sender.sendTrailers(this, trailers);
  }

  reset(errorCode: number): void {
    this.table.reset(this, errorCode);
  }

  abandon(): void {
    this.events = ignoreEvents;
    this.dropBuffered();
  }

  releaseWindow(sizeBytes: number): void {
    if (this.canReceive) this.#credit(this.receiveWindow.release(sizeBytes));
  }

  growWindow(sizeBytes: number): void {
    if (this.canReceive) this.#credit(this.receiveWindow.grow(sizeBytes));
  }

  /** Keeps what is behind the first `start` bytes until it can be sent. */
  enqueue(data: Uint8Array, start: number, isLent: boolean): void {
    if (start === data.length) return;
    this.#queue ??= new SendQueue();
    if (isLent) this.#queue.addCopy(data, start);
    else this.#queue.add(data, start);
    this.sender.bufferedBytes += data.length - start;
  }

  /** Passes on the next `sizeBytes` of what is buffered, piece by piece. */
  dequeue(sizeBytes: number, use: (payload: Payload) => void): void {
    this.#queue!.take(sizeBytes, use);
    this.sender.bufferedBytes -= sizeBytes;
  }

  dropBuffered(): void {
    this.ending = undefined;
    const droppedBytes = this.bufferedBytes;
    if (droppedBytes === 0) return;
    this.#queue!.drop();
    this.sender.dropped(droppedBytes);
  }

  #credit(increment: number): void {
    if (increment > 0) this.sender.credit(this, increment);
  }

  #send(data: Uint8Array, endStream: boolean, isLent: boolean): boolean {
    if (this.state === "closed") return true;
    assert(this.canSend && this.sending === "body" && this.ending === undefined, "sendData outside the body");
    return this.sender.sendData(this, data, endStream, isLent);
  }
}
