import type { Duplex } from "node:stream";
import { ConnectionFault, Http2ErrorCode } from "./error-code.js";
import { ExtendedHeaders, type RequestHeaders } from "./extended-headers.js";
import { SendWindow } from "./flow-control.js";
import { FrameFlag, FrameType, writeUint32 } from "./frame.js";
import type { HeaderList } from "./header-list.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { ConnectionLimits } from "./limits.js";
import { Output, type Payload } from "./output.js";
import { initialWindowBytes, minFrameBytes, type Settings, serializeSettings } from "./settings.js";
import type { Stream } from "./stream.js";
import { StreamRound } from "./stream-round.js";

/** DATA handed to the socket per turn: enough to keep it busy until the next one, little enough to stay fair. */
const dataPerTurnBytes = 256 * 1024;
const maxDebugDataBytes = 256;

/**
 * RFC 9113 sections 5.2 and 6.9: everything we send. Frames are collected and written once per event-loop turn;
 * streams with buffered bytes take turns, a frame each, after those that need but one. Reading never waits for any of this.
 */
export class Sender {
  readonly #socket: Duplex;
  readonly #limits: ConnectionLimits;
  readonly #frames: Output;
  readonly #encoder = new HpackEncoder();
  readonly #window = new SendWindow(initialWindowBytes);
  #maxFrameBytes = minFrameBytes;
  /** Bytes of all streams that wait for a window or the socket. */
  bufferedBytes = 0;
  /** Called when fewer of them may wait. */
  onSent: () => void = () => {};
  /** The peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  peerStreamWindowBytes = initialWindowBytes;
  /** Streams whose data fits in one frame, with all that they have sent: a small message does not wait for large ones. */
  readonly #smallRound = new StreamRound();
  readonly #round = new StreamRound();
  /** What streams of the small round have sent since the other one had a frame. */
  #aheadBytes = 0;
  #writable: Stream[] = [];
  #credited: Stream[] = [];
  #flushScheduled = false;
  /** Counts the flushes. */
  #turn = 0;
  /** HEADERS and DATA sent since last asked: what a peer's pings and settings may be about. */
  #usefulFrames = 0;
  #socketState: "ready" | "full" | "closed" = "ready";

  constructor(socket: Duplex, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#limits = limits;
    this.#frames = new Output(socket);
    socket.on("drain", () => {
      if (this.#socketState !== "full") return;
      this.#socketState = "ready";
      this.#scheduleFlush();
    });
  }

  /** Frames that a peer which does not read makes us pile up. */
  get isOverfull(): boolean {
    return this.#frames.bytes > this.#limits.maxUnsentControlBytes + dataPerTurnBytes;
  }

  takeUsefulFrames(): number {
    const frames = this.#usefulFrames;
    this.#usefulFrames = 0;
    return frames;
  }

  raw(bytes: Uint8Array): void {
    this.#frames.raw(bytes);
    this.#scheduleFlush();
  }

  settings(settings: Settings): void {
    this.#frame(FrameType.SETTINGS, 0, serializeSettings(settings));
  }

  settingsAck(): void {
    this.#frame(FrameType.SETTINGS, FrameFlag.ACK, new Uint8Array(0));
  }

  ping(payload: Uint8Array, ack: boolean): void {
    this.#frame(FrameType.PING, ack ? FrameFlag.ACK : 0, payload);
  }

  goaway(lastStreamId: number, errorCode: number, text: string): void {
    const payload = Buffer.alloc(8 + Math.min(maxDebugDataBytes, Buffer.byteLength(text)));
    writeUint32(payload, 0, lastStreamId);
    writeUint32(payload, 4, errorCode);
    payload.write(text, 8);
    this.#frame(FrameType.GOAWAY, 0, payload);
  }

  rstStream(streamId: number, errorCode: number): void {
    this.#frames.numberFrame(FrameType.RST_STREAM, streamId, errorCode);
    this.#scheduleFlush();
  }

  windowUpdate(streamId: number, increment: number): void {
    this.#frames.numberFrame(FrameType.WINDOW_UPDATE, streamId, increment);
    this.#scheduleFlush();
  }

  /** The peer may send more on a stream. It is told at the end of the turn, unless it has ended the stream by then. */
  credit(stream: Stream, increment: number): void {
    if (stream.creditBytes === 0) this.#credited.push(stream);
    stream.creditBytes += increment;
    this.#scheduleFlush();
  }

  sendHeaders(stream: Stream, headers: RequestHeaders, endStream: boolean): void {
    stream.sending = "body";
    this.#usefulFrames++;
    const block =
      headers instanceof ExtendedHeaders ? this.#encoder.encodeExtended(headers) : this.#encoder.encode(headers);
    this.#frames.headers(stream.id, block, endStream, this.#maxFrameBytes);
    this.#scheduleFlush();
    if (endStream) stream.table.localEnded(stream);
  }

  /** `isLent`: the bytes may change once this has returned. */
  sendData(stream: Stream, data: Uint8Array, endStream: boolean, isLent: boolean): boolean {
    const sentBytes = this.#roomNow(stream, data.length, isLent);
    if (sentBytes > 0) this.#pass(stream, { bytes: data, start: 0, end: sentBytes, isLent });
    if (endStream) stream.ending = "end-stream";
    if (sentBytes === data.length && stream.state !== "idle" && stream.bufferedBytes === 0) {
      if (endStream) this.#end(stream);
      return true;
    }
    stream.enqueue(data, sentBytes, isLent);
    this.#join(stream);
    if (stream.bufferedBytes <= this.#limits.sendHighWaterBytes) return true;
    stream.wantsWritable = true;
    return false;
  }

  sendTrailers(stream: Stream, trailers: HeaderList): void {
    stream.ending = trailers;
    if (stream.bufferedBytes === 0 && stream.state !== "idle") this.#end(stream);
  }

  /** A stream's buffered bytes will not be sent. */
  dropped(bytes: number): void {
    this.bufferedBytes -= bytes;
    this.#scheduleFlush();
  }

  /** A request that waited got its turn and its id. */
  begin(stream: Stream, headers: RequestHeaders, endStream: boolean): void {
    this.sendHeaders(stream, headers, endStream);
    if (endStream) return;
    if (stream.bufferedBytes > 0) this.#join(stream);
    else if (stream.ending !== undefined) this.#end(stream);
  }

  /** RFC 9113 section 6.9.1. */
  growConnectionWindow(bytes: number): void {
    if (!this.#window.grow(bytes)) {
      throw new ConnectionFault(Http2ErrorCode.FLOW_CONTROL_ERROR, "the connection window passed 2^31-1");
    }
    if (this.#hasWaiting) this.#scheduleFlush();
  }

  /** False when the stream's window passed 2^31-1. */
  growStreamWindow(stream: Stream, bytes: number): boolean {
    if (!stream.sendWindow.grow(bytes)) return false;
    if (stream.bufferedBytes > 0) this.#join(stream);
    return true;
  }

  /** RFC 9113 section 6.5.3: the peer's settings count from now on. */
  applySettings(settings: Settings, streams: Iterable<Stream>): void {
    if (settings.headerTableBytes !== undefined) this.#encoder.setPeerTableBytes(settings.headerTableBytes);
    if (settings.maxFrameBytes !== undefined) this.#maxFrameBytes = settings.maxFrameBytes;
    if (settings.initialWindowBytes === undefined) return;
    const change = settings.initialWindowBytes - this.peerStreamWindowBytes;
    this.peerStreamWindowBytes = settings.initialWindowBytes;
    for (const stream of streams) {
      if (!this.growStreamWindow(stream, change)) {
        throw new ConnectionFault(Http2ErrorCode.FLOW_CONTROL_ERROR, "a stream's window passed 2^31-1");
      }
    }
  }

  /** Writes what waits and ends our side of the socket. */
  finish(): void {
    if (this.#socketState === "closed") return;
    this.#frames.write();
    this.#socketState = "closed";
    this.#socket.end();
  }

  /** The socket is gone. */
  abandon(): void {
    this.#socketState = "closed";
  }

  #frame(type: number, flags: number, payload: Uint8Array): void {
    this.#frames.frame(type, flags, 0, payload);
    this.#scheduleFlush();
  }

  /**
   * How much of a stream's data may go out at once. While others' data waits, that is up to a frame a turn, so that small data
   * goes ahead of large. More takes its turn; lent bytes only while others wait, since they would be copied for it.
   */
  #roomNow(stream: Stream, bytes: number, isLent: boolean): number {
    if (stream.bufferedBytes > 0 || stream.state === "idle" || this.#socketState !== "ready") return 0;
    if (bytes > this.#maxFrameBytes && !isLent) return 0;
    if (this.#hasWaiting && this.#passedBytes(stream) + bytes > this.#maxFrameBytes) return 0;
    const turnBytes = dataPerTurnBytes - this.#frames.bytes;
    return Math.max(0, Math.min(bytes, stream.sendWindow.available, this.#window.available, turnBytes));
  }

  #pass(stream: Stream, payload: Payload): void {
    stream.passedBytes = this.#passedBytes(stream) + payload.end - payload.start;
    stream.passedInTurn = this.#turn;
    this.#output(stream, payload);
  }

  #output(stream: Stream, payload: Payload): void {
    const sizeBytes = payload.end - payload.start;
    stream.sendWindow.available -= sizeBytes;
    stream.sentBytes += sizeBytes;
    this.#window.available -= sizeBytes;
    this.#usefulFrames++;
    this.#frames.data(stream.id, payload, this.#maxFrameBytes);
    this.#scheduleFlush();
  }

  #passedBytes(stream: Stream): number {
    return stream.passedInTurn === this.#turn ? stream.passedBytes : 0;
  }

  #join(stream: Stream): void {
    if (stream.inRound || stream.sendWindow.available <= 0 || stream.state === "idle") return;
    stream.inRound = true;
    const isSmall = stream.sentBytes + stream.bufferedBytes <= this.#maxFrameBytes;
    if (isSmall) this.#smallRound.push(stream);
    else this.#round.push(stream);
    this.#scheduleFlush();
  }

  get #hasWaiting(): boolean {
    return !this.#smallRound.isEmpty || !this.#round.isEmpty;
  }

  /** Small ones first, but for a frame of the others after each frame's worth of theirs: many of them starve nobody. */
  #leave(): Stream | undefined {
    const smallFirst = this.#aheadBytes < this.#maxFrameBytes || this.#round.isEmpty;
    const small = smallFirst ? this.#smallRound.shift() : undefined;
    if (small !== undefined) this.#aheadBytes += small.bufferedBytes;
    else this.#aheadBytes = 0;
    const stream = small ?? this.#round.shift();
    if (stream !== undefined) stream.inRound = false;
    return stream;
  }

  #scheduleFlush(): void {
    if (this.#flushScheduled || this.#socketState !== "ready") return;
    this.#flushScheduled = true;
    setImmediate(() => {
      this.#flushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#socketState !== "ready") return;
    this.#turn += 1;
    this.#announceCredit();
    while (this.#frames.bytes < dataPerTurnBytes && this.#window.available > 0) {
      const stream = this.#leave();
      if (stream === undefined) break;
      if (stream.bufferedBytes > 0) this.#sendFrame(stream);
    }
    this.#frames.write();
    if (this.#socket.writableNeedDrain) this.#socketState = "full";
    else if (this.#hasWaiting && this.#window.available > 0) this.#scheduleFlush();
    this.#announceWritable();
    this.onSent();
  }

  /** One frame, at most as large as the peer takes and the windows allow. */
  #sendFrame(stream: Stream): void {
    const bytes = Math.min(
      this.#maxFrameBytes,
      stream.bufferedBytes,
      stream.sendWindow.available,
      this.#window.available,
    );
    if (bytes <= 0) return;
    stream.dequeue(bytes, (payload) => this.#output(stream, payload));
    if (
      stream.wantsWritable &&
      stream.ending === undefined &&
      stream.bufferedBytes * 2 <= this.#limits.sendHighWaterBytes
    ) {
      stream.wantsWritable = false;
      this.#writable.push(stream);
    }
    if (stream.bufferedBytes > 0) this.#join(stream);
    else if (stream.ending !== undefined) this.#end(stream);
  }

  #end(stream: Stream): void {
    const { ending } = stream;
    stream.ending = undefined;
    if (ending === "end-stream") {
      this.#frames.endData(stream.id);
    } else if (ending !== undefined) {
      this.#frames.headers(stream.id, this.#encoder.encode(ending), true, this.#maxFrameBytes);
    }
    this.#scheduleFlush();
    stream.table.localEnded(stream);
  }

  #announceCredit(): void {
    if (this.#credited.length === 0) return;
    const streams = this.#credited;
    this.#credited = [];
    for (const stream of streams) {
      if (stream.canReceive) this.#frames.numberFrame(FrameType.WINDOW_UPDATE, stream.id, stream.creditBytes);
      stream.creditBytes = 0;
    }
  }

  #announceWritable(): void {
    if (this.#writable.length === 0) return;
    const streams = this.#writable;
    this.#writable = [];
    for (const stream of streams) {
      if (stream.canSend && stream.ending === undefined) stream.events.onWritable();
    }
  }
}
