import { ConnectionFault, Http2ErrorCode, protocolError } from "./error-code.js";
import { FrameFlag, priorityBytes, readUint31 } from "./frame.js";
import type { HeaderBlock } from "./header-block.js";
import { HeaderBlockAssembler, type HeaderSection } from "./header-block-assembler.js";
import type { HeaderList } from "./header-list.js";
import { headerValue } from "./header-list.js";
import { contentLength } from "./header-rules.js";
import { HpackDecoder } from "./hpack-decoder.js";
import type { ConnectionLimits } from "./limits.js";
import type { Stream, StreamEvents } from "./stream.js";
import type { StreamFaults } from "./stream-faults.js";
import type { StreamTable } from "./stream-table.js";

const headerTableBytes = 4096;

/** Who takes new streams, in the server role. */
export interface StreamHost {
  /** False when new streams are refused because of a drain. */
  acceptsStream(id: number): boolean;
  onStream(stream: Stream, headers: HeaderList, endStream: boolean): StreamEvents;
}

/** RFC 9113 sections 6.2, 6.10 and 8: what received header sections mean: requests, responses and trailers. */
export class SectionReceiver {
  readonly #role: "client" | "server";
  readonly #streams: StreamTable;
  readonly #faults: StreamFaults;
  readonly #host: StreamHost;
  readonly #decoder: HpackDecoder;
  readonly #assembler: HeaderBlockAssembler;

  constructor(
    role: "client" | "server",
    limits: ConnectionLimits,
    parts: { streams: StreamTable; faults: StreamFaults; host: StreamHost },
  ) {
    this.#role = role;
    this.#streams = parts.streams;
    this.#faults = parts.faults;
    this.#host = parts.host;
    this.#decoder = new HpackDecoder(headerTableBytes, limits.maxHeaderListBytes);
    this.#assembler = new HeaderBlockAssembler(limits.maxHeaderBlockBytes, limits.maxContinuationFrames);
  }

  /** The stream whose header block is not complete yet; 0: none. */
  get openBlockStreamId(): number {
    return this.#assembler.streamId;
  }

  /**
   * Section 6.2.
   * @throws ConnectionFault
   */
  onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError("HEADERS on stream 0");
    if ((flags & FrameFlag.PADDED) !== 0) {
      const padding = bytes[start];
      if (start >= end || padding! > end - start - 1) throw protocolError("padding is longer than the HEADERS frame");
      start += 1;
      end -= padding!;
    }
    let selfDependent = false;
    if ((flags & FrameFlag.PRIORITY) !== 0) {
      if (end - start < priorityBytes)
        throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, "HEADERS too short for its priority");
      selfDependent = readUint31(bytes, start) === streamId;
      start += priorityBytes;
    }
    const endStream = (flags & FrameFlag.END_STREAM) !== 0;
    if ((flags & FrameFlag.END_HEADERS) === 0) {
      this.#assembler.begin({ streamId, endStream, selfDependent }, bytes.subarray(start, end));
      return;
    }
    const block = this.#decoder.decode(bytes, start, end);
    this.#onBlock({ streamId, endStream, selfDependent }, block);
  }

  /**
   * Section 6.10.
   * @throws ConnectionFault
   */
  onContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#assembler.add(bytes.subarray(start, end));
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    const { section, bytes: whole } = this.#assembler.finish();
    this.#onBlock(section, this.#decoder.decode(whole, 0, whole.length));
  }

  #onBlock(section: HeaderSection, block: HeaderBlock): void {
    const { streamId, endStream } = section;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#role === "server" && this.#streams.isIdle(streamId)) this.#onRequest(section, block);
      else this.#faults.notOpen("HEADERS", streamId);
    } else if (section.selfDependent) {
      this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
    } else if (!stream.canReceive) {
      this.#faults.fail(stream, Http2ErrorCode.STREAM_CLOSED);
    } else if (block.tooLarge) {
      this.#faults.fail(stream, Http2ErrorCode.ENHANCE_YOUR_CALM);
    } else if (stream.receiving === "headers") {
      this.#onResponse(stream, block, endStream);
    } else {
      this.#onTrailers(stream, block, endStream);
    }
  }

  /** Sections 5.1.1, 5.1.2 and 8.3.1: a new stream, in the server role. */
  #onRequest({ streamId, endStream, selfDependent }: HeaderSection, block: HeaderBlock): void {
    if ((streamId & 1) === 0) throw protocolError("a client's stream with an even id");
    this.#streams.lastRemoteId = streamId;
    if (!this.#host.acceptsStream(streamId) || this.#streams.isFull) {
      this.#faults.refuse(streamId, Http2ErrorCode.REFUSED_STREAM);
    } else if (block.tooLarge) {
      this.#faults.refuse(streamId, Http2ErrorCode.ENHANCE_YOUR_CALM);
    } else if (selfDependent || block.requestFault !== undefined) {
      this.#faults.refuse(streamId, Http2ErrorCode.PROTOCOL_ERROR);
    } else {
      const contentLeft = contentLength(block.headers);
      if (endStream && contentLeft !== undefined && contentLeft > 0) {
        this.#faults.refuse(streamId, Http2ErrorCode.PROTOCOL_ERROR);
        return;
      }
      const stream = this.#streams.acceptRemote(streamId);
      stream.contentLeft = contentLeft;
      if (endStream) this.#streams.remoteEnded(stream);
      stream.events = this.#host.onStream(stream, block.headers, endStream);
    }
  }

  /** Sections 8.1 and 8.3.2: in the client role. */
  #onResponse(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    const interim = headerValue(block.headers, ":status")?.startsWith("1") === true;
    if (block.responseFault !== undefined || (interim && endStream)) {
      this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (interim) return;
    stream.receiving = "body";
    if (endStream) this.#streams.remoteEnded(stream);
    else stream.contentLeft = contentLength(block.headers);
    stream.events.onHeaders(block.headers, endStream);
  }

  #onTrailers(stream: Stream, block: HeaderBlock, endStream: boolean): void {
    if (!endStream || block.trailersFault !== undefined || (stream.contentLeft ?? 0) > 0) {
      this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
      return;
    }
    this.#streams.remoteEnded(stream);
    stream.events.onTrailers(block.headers);
  }
}
