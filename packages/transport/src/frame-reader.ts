import { ConnectionFault, Http2ErrorCode } from "./error-code.js";
import { clientPreface, FrameFlag, FrameType, frameHeaderBytes, readUint31 } from "./frame.js";

/** What the reader reports. Calls come in the order of the bytes. */
export interface FrameSink {
  /** A DATA frame begins; `lengthBytes` is its whole payload with padding, which is what flow control counts. */
  onDataFrame(streamId: number, flags: number, lengthBytes: number): void;
  /** A piece of the frame's data, without padding. The last one of a frame may be empty. */
  onDataPiece(piece: Buffer, endsFrame: boolean): void;
  /** Any other frame, whole: its payload is bytes [start, end). */
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
}

type Phase =
  | "preface"
  | "frame-header"
  /** The one byte that says how much of a DATA frame is padding. */
  | "pad-length"
  | "data"
  | "padding"
  /** The payload of a frame that is not DATA and came in more than one chunk. */
  | "payload"
  | "stopped";

const empty = Buffer.alloc(0);

/**
 * RFC 9113 sections 3.4, 4.1 and 4.2: cuts chunks into frames in place. DATA is passed on as it arrives, as views; of
 * the other frames only those split between chunks are copied, once.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  readonly #headerBytes = Buffer.alloc(frameHeaderBytes);
  #phase: Phase;
  /** Bytes of the preface, frame header or payload had so far from earlier chunks. */
  #had = 0;
  #type = 0;
  #flags = 0;
  #streamId = 0;
  #payload = empty;
  /** Bytes of data and of padding still to come. */
  #dataLeft = 0;
  #paddingLeft = 0;

  constructor(sink: FrameSink, options: { maxFrameBytes: number; expectPreface: boolean }) {
    this.#sink = sink;
    this.#maxFrameBytes = options.maxFrameBytes;
    this.#phase = options.expectPreface ? "preface" : "frame-header";
  }

  /** Nothing is read or reported any more, also not of the chunk in hand. */
  stop(): void {
    this.#phase = "stopped";
  }

  /** @throws ConnectionFault, also what the sink throws */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      switch (this.#phase) {
        case "frame-header":
          at = this.#readHeader(chunk, at);
          break;
        case "data":
          at = this.#readData(chunk, at);
          break;
        case "payload":
          at = this.#readPayload(chunk, at);
          break;
        case "pad-length":
          at = this.#readPadLength(chunk, at);
          break;
        case "padding":
          at = this.#readPadding(chunk, at);
          break;
        case "preface":
          at = this.#readPreface(chunk, at);
          break;
        case "stopped":
          return;
      }
    }
  }

  #readPreface(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + clientPreface.length - this.#had);
    if (clientPreface.compare(chunk, at, end, this.#had, this.#had + end - at) !== 0) {
      throw new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, "not an HTTP/2 connection preface");
    }
    this.#had += end - at;
    if (this.#had === clientPreface.length) {
      this.#had = 0;
      this.#phase = "frame-header";
    }
    return end;
  }

  #readHeader(chunk: Buffer, at: number): number {
    if (this.#had === 0 && chunk.length - at >= frameHeaderBytes)
      return this.#beginFrame(chunk, at, chunk, at + frameHeaderBytes);
    const end = Math.min(chunk.length, at + frameHeaderBytes - this.#had);
    chunk.copy(this.#headerBytes, this.#had, at, end);
    this.#had += end - at;
    if (this.#had < frameHeaderBytes) return end;
    this.#had = 0;
    return this.#beginFrame(this.#headerBytes, 0, chunk, end);
  }

  #beginFrame(header: Buffer, headerAt: number, chunk: Buffer, at: number): number {
    const lengthBytes = (header[headerAt]! << 16) | (header[headerAt + 1]! << 8) | header[headerAt + 2]!;
    const type = header[headerAt + 3]!;
    const flags = header[headerAt + 4]!;
    const streamId = readUint31(header, headerAt + 5);
    if (lengthBytes > this.#maxFrameBytes) {
      throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, `a frame of ${lengthBytes} bytes`);
    }
    if (type === FrameType.DATA) {
      this.#beginData(streamId, flags, lengthBytes);
      return at;
    }
    if (chunk.length - at >= lengthBytes) {
      this.#sink.onFrame(type, flags, streamId, chunk, at, at + lengthBytes);
      return at + lengthBytes;
    }
    this.#type = type;
    this.#flags = flags;
    this.#streamId = streamId;
    this.#payload = Buffer.allocUnsafe(lengthBytes);
    this.#enter("payload");
    return at;
  }

  #readPayload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#payload.length - this.#had);
    chunk.copy(this.#payload, this.#had, at, end);
    this.#had += end - at;
    if (this.#had === this.#payload.length) {
      const payload = this.#payload;
      this.#had = 0;
      this.#payload = empty;
      this.#enter("frame-header");
      this.#sink.onFrame(this.#type, this.#flags, this.#streamId, payload, 0, payload.length);
    }
    return end;
  }

  /** RFC 9113 section 6.1. */
  #beginData(streamId: number, flags: number, lengthBytes: number): void {
    const padded = (flags & FrameFlag.PADDED) !== 0;
    if (padded && lengthBytes === 0)
      throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, "a padded DATA frame of no bytes");
    this.#sink.onDataFrame(streamId, flags, lengthBytes);
    this.#dataLeft = padded ? lengthBytes - 1 : lengthBytes;
    this.#paddingLeft = 0;
    if (padded) this.#enter("pad-length");
    else if (lengthBytes === 0) this.#sink.onDataPiece(empty, true);
    else this.#enter("data");
  }

  #readPadLength(chunk: Buffer, at: number): number {
    this.#paddingLeft = chunk[at]!;
    if (this.#paddingLeft > this.#dataLeft) {
      throw new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, "padding is longer than the DATA frame");
    }
    this.#dataLeft -= this.#paddingLeft;
    if (this.#dataLeft > 0) {
      this.#enter("data");
    } else {
      this.#enter(this.#paddingLeft > 0 ? "padding" : "frame-header");
      this.#sink.onDataPiece(empty, true);
    }
    return at + 1;
  }

  #readData(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#dataLeft);
    this.#dataLeft -= end - at;
    const endsFrame = this.#dataLeft === 0;
    if (endsFrame) this.#enter(this.#paddingLeft > 0 ? "padding" : "frame-header");
    this.#sink.onDataPiece(chunk.subarray(at, end), endsFrame);
    return end;
  }

  #readPadding(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#paddingLeft);
    this.#paddingLeft -= end - at;
    if (this.#paddingLeft === 0) this.#enter("frame-header");
    return end;
  }

  /** The sink may have stopped the reader while it was called. */
  #enter(phase: Phase): void {
    if (this.#phase !== "stopped") this.#phase = phase;
  }
}
