import { ClosedStreams, type StreamEnd } from "./closed-streams.js";
import { ConnectionClosedError, connectionLost, Http2ErrorCode } from "./error-code.js";
import type { RequestHeaders } from "./extended-headers.js";
import { ReceiveWindow, SendWindow } from "./flow-control.js";
import { maxStreamId } from "./frame.js";
import type { ConnectionLimits } from "./limits.js";
import type { Sender } from "./sender.js";
import { initialWindowBytes } from "./settings.js";
import { Stream, type StreamEvents } from "./stream.js";
import { StreamMap } from "./stream-map.js";

/** RFC 9113 section 6.5.2 asks every peer for at least this; until its settings have come, no more are opened. */
const assumedPeerStreams = 100;

interface WaitingRequest {
  readonly stream: Stream;
  readonly headers: RequestHeaders;
  readonly endStream: boolean;
}

/** RFC 9113 sections 5.1, 5.1.1 and 5.1.2: the streams of one connection, their ids, states and number. */
export class StreamTable {
  readonly #role: "client" | "server";
  readonly #limits: ConnectionLimits;
  readonly #sender: Sender;
  readonly #open = new StreamMap();
  readonly #closed = new ClosedStreams();
  #waiting: WaitingRequest[] = [];
  #waitingHead = 0;
  #nextLocalId = 1;
  #peerMaxStreams = assumedPeerStreams;
  /** What the peer may send on a new stream: our setting counts only once it is acknowledged. */
  #receiveWindowBytes: number;
  /** The highest id the peer has opened. */
  lastRemoteId = 0;
  /** Called when a stream has ended; `end` tells how. */
  onEnded: (end: StreamEnd) => void = () => {};

  constructor(role: "client" | "server", limits: ConnectionLimits, sender: Sender) {
    this.#role = role;
    this.#limits = limits;
    this.#sender = sender;
    this.#receiveWindowBytes = Math.max(initialWindowBytes, limits.streamWindowBytes);
  }

  /** Streams and requests that have not ended. */
  get count(): number {
    return this.#open.size + this.#waiting.length - this.#waitingHead;
  }

  get isFull(): boolean {
    return this.#open.size >= this.#limits.maxConcurrentStreams;
  }

  /** No id is left for another request (section 5.1.1). */
  get isExhausted(): boolean {
    return this.#nextLocalId > maxStreamId;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<Stream> {
    return this.#open.streams();
  }

  /** True for a stream that nobody has opened yet. */
  isIdle(id: number): boolean {
    const isRemote = (id & 1) === (this.#role === "server" ? 1 : 0);
    return isRemote ? id > this.lastRemoteId : this.#role === "server" || id >= this.#nextLocalId;
  }

  endOf(id: number): StreamEnd | "never-opened" | "forgotten" {
    return this.#closed.endOf(id);
  }

  acceptRemote(id: number): Stream {
    const stream = new Stream(id, "open", this.#windows(), { sender: this.#sender, table: this });
    stream.sending = "headers";
    this.#open.add(stream);
    return stream;
  }

  /** A frame that came for a refused stream must not look like a new one. */
  refuseRemote(id: number): void {
    this.#closed.add(id, "reset-by-us");
  }

  /** @throws ConnectionClosedError when too many requests wait already */
  request(headers: RequestHeaders, endStream: boolean, events: StreamEvents): Stream {
    const stream = new Stream(0, "idle", this.#windows(), { sender: this.#sender, table: this });
    stream.events = events;
    stream.receiving = "headers";
    if (this.#hasTurn()) {
      this.#begin({ stream, headers, endStream });
    } else if (!this.#hasRoomToWait()) {
      throw new ConnectionClosedError("too many requests wait for the peer's MAX_CONCURRENT_STREAMS");
    } else {
      this.#waiting.push({ stream, headers, endStream });
    }
    return stream;
  }

  setPeerMaxStreams(count: number): void {
    this.#peerMaxStreams = count;
    this.#beginWaiting();
  }

  /** RFC 9113 section 6.5.3: the peer has acknowledged our window size. */
  windowAcknowledged(): void {
    const change = this.#limits.streamWindowBytes - this.#receiveWindowBytes;
    if (change === 0) return;
    this.#receiveWindowBytes = this.#limits.streamWindowBytes;
    for (const stream of this.#open.streams()) stream.receiveWindow.adjust(change);
  }

  /** We have sent END_STREAM. */
  localEnded(stream: Stream): void {
    if (stream.state === "half-closed-remote") {
      this.#close(stream, "finished");
      return;
    }
    stream.state = "half-closed-local";
    if (this.#role === "client") return;
    // RFC 9113 section 8.1: the answer is complete, the rest of the request is not wanted.
    this.reset(stream, Http2ErrorCode.NO_ERROR);
  }

  /** The peer has sent END_STREAM. Call before the event that says so. */
  remoteEnded(stream: Stream): void {
    if (stream.state === "half-closed-local") this.#close(stream, "finished");
    else stream.state = "half-closed-remote";
  }

  /** We give the stream up: no event comes any more. */
  reset(stream: Stream, errorCode: number): void {
    if (stream.state === "closed") return;
    if (stream.state !== "idle") this.#sender.rstStream(stream.id, errorCode);
    this.#close(stream, "reset-by-us");
  }

  resetByPeer(stream: Stream, errorCode: number): void {
    this.#close(stream, "reset-by-peer");
    stream.events.onReset(errorCode);
  }

  /** RFC 9113 section 6.8: the peer will not process our streams above `lastStreamId`. */
  refuseAbove(lastStreamId: number): void {
    this.refuseWaiting();
    for (const stream of this.#open.streams()) {
      if (stream.id > lastStreamId) this.resetByPeer(stream, Http2ErrorCode.REFUSED_STREAM);
    }
  }

  refuseWaiting(): void {
    const waiting = this.#waiting.slice(this.#waitingHead);
    this.#waiting = [];
    this.#waitingHead = 0;
    for (const { stream } of waiting) {
      if (stream.state === "idle") this.resetByPeer(stream, Http2ErrorCode.REFUSED_STREAM);
    }
  }

  /** The connection is gone. */
  loseAll(): void {
    this.refuseWaiting();
    for (const stream of this.#open.streams()) {
      if (stream.state !== "closed") this.resetByPeer(stream, connectionLost);
    }
  }

  #windows(): { receive: ReceiveWindow; send: SendWindow } {
    return {
      receive: new ReceiveWindow(this.#receiveWindowBytes, this.#limits.streamWindowBytes),
      send: new SendWindow(this.#sender.peerStreamWindowBytes),
    };
  }

  #hasRoomToWait(): boolean {
    if (this.#waiting.length - this.#waitingHead < this.#limits.maxQueuedRequests) return true;
    this.#waiting = this.#waiting.filter(
      ({ stream }, position) => position >= this.#waitingHead && stream.state === "idle",
    );
    this.#waitingHead = 0;
    return this.#waiting.length < this.#limits.maxQueuedRequests;
  }

  #hasTurn(): boolean {
    return this.#open.size < this.#peerMaxStreams && this.#waitingHead === this.#waiting.length;
  }

  #begin({ stream, headers, endStream }: WaitingRequest): void {
    stream.id = this.#nextLocalId;
    this.#nextLocalId += 2;
    stream.state = "open";
    // The initial windows may have changed while it waited.
    const { receive, send } = this.#windows();
    stream.receiveWindow = receive;
    stream.sendWindow = send;
    this.#open.add(stream);
    this.#sender.begin(stream, headers, endStream);
  }

  #beginWaiting(): void {
    while (this.#waitingHead < this.#waiting.length && this.#open.size < this.#peerMaxStreams && !this.isExhausted) {
      const request = this.#waiting[this.#waitingHead++]!;
      if (request.stream.state === "idle") this.#begin(request);
    }
    if (this.#waitingHead === this.#waiting.length && this.#waitingHead > 0) {
      this.#waiting = [];
      this.#waitingHead = 0;
    }
  }

  #close(stream: Stream, end: StreamEnd): void {
    stream.state = "closed";
    stream.dropBuffered();
    if (stream.id !== 0) {
      this.#open.delete(stream.id);
      this.#closed.add(stream.id, end);
    }
    this.#beginWaiting();
    this.onEnded(end);
  }
}
