import type { Duplex } from "node:stream";
import { FrameFlag, FrameType, frameHeaderBytes, writeFrameHeader, writeUint32 } from "./frame.js";
import { returnSlab, takeSlab } from "./slab-pool.js";

/** Below this a copy costs less than one more buffer in the write. */
const copyBelowBytes = 4096;

const noSlab: Buffer = Buffer.alloc(0);

/** Bytes [start, end) of a stream. Those that are only lent may change once the call that passes them has returned. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly isLent: boolean;
  /** A slab that the bytes are in: they are its last, and it is returned to the pool when they are written. */
  readonly emptiedSlab?: Buffer | undefined;
}

/**
 * RFC 9113 section 4: the frames that wait for the end of the event-loop turn, in wire order. Small frames and lent payloads
 * are written into slabs, other large payloads are kept as views, and all of it leaves in one write. A connection that has
 * nothing to send holds no slab.
 */
export class Output {
  readonly #socket: Duplex;
  #parts: Buffer[] = [];
  /** Those that the parts are in. */
  #slabs: Buffer[] = [];
  #slab: Buffer = noSlab;
  #segmentStart = 0;
  #at = 0;
  /** Bytes that wait here. */
  bytes = 0;

  // The DATA frame written last: while nothing follows it, it can still grow.
  #openStreamId = 0;
  #openLength = 0;
  #openHeader: Buffer = noSlab;
  #openHeaderAt = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** A whole frame with a small payload. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.#reserve(frameHeaderBytes);
    this.#header(payload.length, type, flags, streamId);
    this.#copy(payload, 0, payload.length);
  }

  raw(bytes: Uint8Array): void {
    this.#openStreamId = 0;
    this.#copy(bytes, 0, bytes.length);
  }

  /** RFC 9113 section 4.3: HEADERS, with CONTINUATION frames when the block is longer than a frame. */
  headers(streamId: number, block: Buffer, endStream: boolean, maxFrameBytes: number): void {
    const endFlag = endStream ? FrameFlag.END_STREAM : 0;
    if (block.length <= maxFrameBytes) {
      this.frame(FrameType.HEADERS, endFlag | FrameFlag.END_HEADERS, streamId, block);
      return;
    }
    this.frame(FrameType.HEADERS, endFlag, streamId, block.subarray(0, maxFrameBytes));
    for (let start = maxFrameBytes; start < block.length; start += maxFrameBytes) {
      const end = Math.min(block.length, start + maxFrameBytes);
      this.frame(
        FrameType.CONTINUATION,
        end === block.length ? FrameFlag.END_HEADERS : 0,
        streamId,
        block.subarray(start, end),
      );
    }
  }

  /** RST_STREAM and WINDOW_UPDATE: one 32-bit number. */
  numberFrame(type: number, streamId: number, value: number): void {
    this.#reserve(frameHeaderBytes + 4);
    this.#header(4, type, 0, streamId);
    writeUint32(this.#slab, this.#at, value);
    this.#advance(4);
  }

  /** RFC 9113 section 6.1. What follows other data of the same stream becomes part of the same frame. */
  data(streamId: number, { bytes, start, end, isLent, emptiedSlab }: Payload, maxFrameBytes: number): void {
    for (let at = start; at < end; ) {
      if (this.#openStreamId !== streamId || this.#openLength >= maxFrameBytes) this.#openData(streamId);
      const pieceEnd = Math.min(end, at + maxFrameBytes - this.#openLength);
      if (isLent || pieceEnd - at < copyBelowBytes) this.#copy(bytes, at, pieceEnd);
      else this.#keep(bytes, at, pieceEnd);
      this.#growOpenData(pieceEnd - at);
      at = pieceEnd;
    }
    if (emptiedSlab !== undefined) this.#slabs.push(emptiedSlab);
  }

  endData(streamId: number): void {
    if (this.#openStreamId !== streamId) this.#openData(streamId);
    this.#openHeader[this.#openHeaderAt + 4] = FrameFlag.END_STREAM;
    this.#openStreamId = 0;
  }

  /** Hands everything to the socket in one write. */
  write(): void {
    this.#closeSegment();
    this.#openStreamId = 0;
    this.#slab = noSlab;
    this.#at = 0;
    this.#segmentStart = 0;
    const parts = this.#parts;
    const slabs = this.#slabs;
    const last = parts.pop();
    if (last === undefined) return;
    this.#parts = [];
    this.#slabs = [];
    this.bytes = 0;
    const onWritten = () => {
      for (const slab of slabs) returnSlab(slab);
    };
    if (parts.length === 0) {
      this.#socket.write(last, onWritten);
      return;
    }
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    this.#socket.write(last, onWritten);
    this.#socket.uncork();
  }

  #openData(streamId: number): void {
    this.#reserve(frameHeaderBytes);
    const headerAt = this.#at;
    this.#header(0, FrameType.DATA, 0, streamId);
    this.#openStreamId = streamId;
    this.#openLength = 0;
    this.#openHeader = this.#slab;
    this.#openHeaderAt = headerAt;
  }

  #growOpenData(bytes: number): void {
    this.#openLength += bytes;
    const header = this.#openHeader;
    const at = this.#openHeaderAt;
    header[at] = this.#openLength >>> 16;
    header[at + 1] = this.#openLength >>> 8;
    header[at + 2] = this.#openLength;
  }

  /** Across slabs: only the header of a frame has to stand in one. */
  #copy(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      if (this.#at === this.#slab.length) this.#newSlab();
      const pieceEnd = Math.min(end, at + this.#slab.length - this.#at);
      this.#slab.set(at === 0 && pieceEnd === bytes.length ? bytes : bytes.subarray(at, pieceEnd), this.#at);
      this.#advance(pieceEnd - at);
      at = pieceEnd;
    }
  }

  #keep(bytes: Uint8Array, start: number, end: number): void {
    this.#closeSegment();
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start));
    this.bytes += end - start;
  }

  /** Room in one piece for a frame's header and number; the DATA frame before it is complete. */
  #reserve(bytes: number): void {
    this.#openStreamId = 0;
    if (this.#at + bytes > this.#slab.length) this.#newSlab();
  }

  #newSlab(): void {
    this.#closeSegment();
    this.#slab = takeSlab();
    this.#slabs.push(this.#slab);
    this.#at = 0;
    this.#segmentStart = 0;
  }

  #header(lengthBytes: number, type: number, flags: number, streamId: number): void {
    writeFrameHeader(this.#slab, this.#at, lengthBytes, type, flags, streamId);
    this.#advance(frameHeaderBytes);
  }

  #advance(bytes: number): void {
    this.#at += bytes;
    this.bytes += bytes;
  }

  #closeSegment(): void {
    if (this.#at === this.#segmentStart) return;
    this.#parts.push(this.#slab.subarray(this.#segmentStart, this.#at));
    this.#segmentStart = this.#at;
  }
}
