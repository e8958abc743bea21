import type { Duplex } from "node:stream";
import { FrameFlag, FrameType, frameHeaderBytes, writeFrameHeader, writeUint32 } from "./frame.js";

/** An idle connection keeps its slab, so it begins small; a busy one's is allocated rarely. */
const firstSlabBytes = 1024;
const maxSlabBytes = 64 * 1024;
/** Below this a copy costs less than one more buffer in the write. */
const copyBelowBytes = 4096;

/**
 * RFC 9113 section 4: the frames that wait for the end of the event-loop turn, in wire order. Small frames are written
 * into a slab, large payloads are kept as views, and all of it leaves in one write.
 */
export class Output {
  readonly #socket: Duplex;
  #parts: Buffer[] = [];
  #slab = Buffer.allocUnsafeSlow(firstSlabBytes);
  #segmentStart = 0;
  #at = 0;
  /** Bytes that wait here. */
  bytes = 0;

  // The DATA frame written last: while nothing follows it, it can still grow.
  #openStreamId = 0;
  #openLength = 0;
  #openHeader = this.#slab;
  #openHeaderAt = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  /** A whole frame with a small payload. */
  frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    this.#reserve(frameHeaderBytes + payload.length);
    this.#header(payload.length, type, flags, streamId);
    this.#slab.set(payload, this.#at);
    this.#advance(payload.length);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#advance(bytes.length);
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
  data(streamId: number, bytes: Uint8Array, start: number, end: number, maxFrameBytes: number): void {
    while (start < end) {
      if (this.#openStreamId !== streamId || this.#openLength >= maxFrameBytes) this.#openData(streamId);
      const pieceEnd = Math.min(end, start + maxFrameBytes - this.#openLength);
      this.#append(bytes, start, pieceEnd);
      this.#growOpenData(pieceEnd - start);
      start = pieceEnd;
    }
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
    const parts = this.#parts;
    if (parts.length === 0) return;
    this.#parts = [];
    this.bytes = 0;
    if (parts.length === 1) {
      this.#socket.write(parts[0]);
      return;
    }
    this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
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

  #append(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length < copyBelowBytes) {
      if (this.#at + length > this.#slab.length) this.#newSlab(length);
      this.#slab.set(length === bytes.length ? bytes : bytes.subarray(start, end), this.#at);
      this.#advance(length);
      return;
    }
    this.#closeSegment();
    this.#parts.push(Buffer.from(bytes.buffer, bytes.byteOffset + start, length));
    this.bytes += length;
  }

  /** Room for a frame; the DATA frame before it is complete. */
  #reserve(bytes: number): void {
    this.#openStreamId = 0;
    if (this.#at + bytes > this.#slab.length) this.#newSlab(bytes);
  }

  #newSlab(bytes: number): void {
    this.#closeSegment();
    this.#slab = Buffer.allocUnsafeSlow(Math.max(bytes, Math.min(maxSlabBytes, 4 * this.#slab.length)));
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

  /** Written bytes stay with the socket, so the slab goes on behind them and is never written over. */
  #closeSegment(): void {
    if (this.#at === this.#segmentStart) return;
    this.#parts.push(this.#slab.subarray(this.#segmentStart, this.#at));
    this.#segmentStart = this.#at;
  }
}
