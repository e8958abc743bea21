import { AbuseMeter } from "./abuse-meter.js";
import { ConnectionFault, type ConnectionOffence, Http2ErrorCode } from "./error-code.js";
import { ReceiveWindow } from "./flow-control.js";
import { FrameFlag, FrameType, maxStreamId, readUint31, readUint32 } from "./frame.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import type { HeaderBlock } from "./header-block.js";
import { HeaderBlockAssembler } from "./header-block-assembler.js";
import type { HeaderList } from "./header-list.js";
import { headerValue } from "./header-list.js";
import { contentLength } from "./header-rules.js";
import { HpackDecoder } from "./hpack-decoder.js";
import type { ConnectionLimits } from "./limits.js";
import type { Sender } from "./sender.js";
import { parseSettings } from "./settings.js";
import type { Stream, StreamEvents } from "./stream.js";
import type { StreamTable } from "./stream-table.js";

const headerTableBytes = 4096;
const priorityBytes = 5;
const maxDebugDataBytes = 256;

/** What the receiver leaves to the connection. */
export interface ReceiverHost {
  /** Server role: false when new streams are refused because of a drain. */
  acceptsStream(id: number): boolean;
  onStream(stream: Stream, headers: HeaderList, endStream: boolean): StreamEvents;
  onFirstSettings(): void;
  onGoaway(lastStreamId: number, errorCode: number, text: string): void;
  onPingAck(payload: Buffer): void;
  /** We ended a stream, or did not begin it, for what the peer did. */
  onStreamFault(errorCode: number): void;
}

function protocolError(message: string): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.PROTOCOL_ERROR, message);
}

function tooMuch(offence: ConnectionOffence, what: string): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.ENHANCE_YOUR_CALM, what, offence);
}

function requireLength(name: string, bytes: number, expected: number): void {
  if (bytes !== expected) throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, `${name} of ${bytes} bytes`);
}

/**
 * RFC 9113 section 6 and 8.1: what each received frame means for its stream and the connection. One method per frame
 * type; it is one file because the rules share the stream states they check.
 */
export class Receiver implements FrameSink {
  readonly #role: "client" | "server";
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #host: ReceiverHost;
  readonly #reader: FrameReader;
  readonly #decoder: HpackDecoder;
  readonly #window: ReceiveWindow;
  readonly #assembler: HeaderBlockAssembler;
  readonly #resets: AbuseMeter;
  readonly #controls: AbuseMeter;
  readonly #emptyFrames: AbuseMeter;
  #hasSettings = false;
  /** The stream of the DATA frame being read; undefined when its data is dropped. */
  #dataStream: Stream | undefined;
  #dataEndsStream = false;
  /** Bytes of its payload that have not been passed on: in the end, the padding. */
  #dataUndelivered = 0;

  constructor(
    role: "client" | "server",
    limits: ConnectionLimits,
    parts: { sender: Sender; streams: StreamTable; host: ReceiverHost },
  ) {
    this.#role = role;
    this.#sender = parts.sender;
    this.#streams = parts.streams;
    this.#host = parts.host;
    this.#reader = new FrameReader(this, { maxFrameBytes: limits.maxFrameBytes, expectPreface: role === "server" });
    this.#decoder = new HpackDecoder(headerTableBytes, limits.maxHeaderListBytes);
    this.#window = new ReceiveWindow(limits.connectionWindowBytes, limits.connectionWindowBytes);
    this.#assembler = new HeaderBlockAssembler(limits.maxHeaderBlockBytes, limits.maxContinuationFrames);
    this.#resets = new AbuseMeter(limits.resetBurst, limits.resetsPerSecond);
    this.#controls = new AbuseMeter(limits.controlBurst, limits.controlPerSecond);
    this.#emptyFrames = new AbuseMeter(limits.emptyFrameBurst, limits.emptyFramesPerSecond);
  }

  /** @throws ConnectionFault */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    if (this.#sender.isOverfull) throw tooMuch("unread_answers", "the peer does not read our answers");
  }

  stop(): void {
    this.#reader.stop();
  }

  /** A stream that completed earns back what a cancelled one costs. */
  streamFinished(): void {
    this.#resets.earn();
  }

  /**
   * Ends the streams that wait for nothing but the peer to read, if they did already when this was called `times` before.
   * @throws ConnectionFault
   */
  endUnread(times: number): void {
    for (const stream of [...this.#streams.all()]) {
      const isUnread = stream.ending !== undefined && stream.bufferedBytes > 0;
      stream.timesSeenUnread = isUnread ? stream.timesSeenUnread + 1 : 0;
      if (stream.timesSeenUnread > times) this.#failStream(stream, Http2ErrorCode.ENHANCE_YOUR_CALM);
    }
  }

  // Section 6.1.
  onDataFrame(streamId: number, flags: number, lengthBytes: number): void {
    this.#requireOrder(FrameType.DATA, streamId);
    if (streamId === 0) throw protocolError("DATA on stream 0");
    if (!this.#window.take(lengthBytes)) {
      throw new ConnectionFault(Http2ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the connection window allows");
    }
    const credit = this.#window.release(lengthBytes);
    if (credit > 0) this.#sender.windowUpdate(0, credit);
    this.#dataEndsStream = (flags & FrameFlag.END_STREAM) !== 0;
    if (lengthBytes > 0 || this.#dataEndsStream) this.#emptyFrames.earn();
    else if (!this.#emptyFrames.spend()) throw tooMuch("empty_frame_flood", "empty DATA frames");
    this.#dataUndelivered = lengthBytes;
    this.#dataStream = this.#receivingStream(streamId, lengthBytes);
  }

  /** The stream that may take the DATA frame, or undefined when the frame is dropped. */
  #receivingStream(streamId: number, lengthBytes: number): Stream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#onClosedStream("DATA", streamId);
      return undefined;
    }
    if (!stream.canReceive) {
      this.#failStream(stream, Http2ErrorCode.STREAM_CLOSED);
    } else if (stream.receiving === "headers") {
      this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    } else if (!stream.receiveWindow.take(lengthBytes)) {
      this.#failStream(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
    } else {
      return stream;
    }
    return undefined;
  }

  onDataPiece(piece: Buffer, endsFrame: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined || stream.state === "closed") return;
    const endStream = endsFrame && this.#dataEndsStream;
    this.#dataUndelivered -= piece.length;
    // Padding is consumed on receipt: the user of the stream never sees it.
    if (endsFrame && this.#dataUndelivered > 0) stream.releaseWindow(this.#dataUndelivered);
    if (stream.contentLeft !== undefined) {
      stream.contentLeft -= piece.length;
      if (stream.contentLeft < 0 || (endStream && stream.contentLeft > 0)) {
        this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
        return;
      }
    }
    if (endStream) this.#streams.remoteEnded(stream);
    if (piece.length > 0 || endStream) stream.events.onData(piece, endStream);
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#requireOrder(type, streamId);
    switch (type) {
      case FrameType.HEADERS:
        this.#onHeaders(flags, streamId, bytes, start, end);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(streamId, bytes, start, end);
        break;
      case FrameType.RST_STREAM:
        this.#onRstStream(streamId, bytes, start, end);
        break;
      case FrameType.SETTINGS:
        this.#onSettings(flags, streamId, bytes, start, end);
        break;
      case FrameType.PING:
        this.#onPing(flags, streamId, bytes, start, end);
        break;
      case FrameType.GOAWAY:
        this.#onGoaway(streamId, bytes, start, end);
        break;
      case FrameType.CONTINUATION:
        this.#onContinuation(flags, bytes, start, end);
        break;
      case FrameType.PRIORITY:
        this.#onPriority(streamId, bytes, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        throw protocolError("PUSH_PROMISE, which is not enabled");
      default:
        this.#countControl();
    }
  }

  /** Section 3.4: SETTINGS come first. Section 6.10: nothing interrupts a header block. */
  #requireOrder(type: number, streamId: number): void {
    if (!this.#hasSettings && type !== FrameType.SETTINGS) throw protocolError("the first frame is not SETTINGS");
    if (this.#assembler.streamId !== 0) {
      if (type !== FrameType.CONTINUATION || streamId !== this.#assembler.streamId) {
        throw protocolError("a header block was interrupted");
      }
    } else if (type === FrameType.CONTINUATION) {
      throw protocolError("CONTINUATION without HEADERS");
    }
  }

  // Section 6.2.
  #onHeaders(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
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
    this.#onHeaderBlock({ streamId, endStream, selfDependent }, block);
  }

  // Section 6.10.
  #onContinuation(flags: number, bytes: Buffer, start: number, end: number): void {
    this.#assembler.add(bytes.subarray(start, end));
    if ((flags & FrameFlag.END_HEADERS) === 0) return;
    const { section, bytes: whole } = this.#assembler.finish();
    this.#onHeaderBlock(section, this.#decoder.decode(whole, 0, whole.length));
  }

  #onHeaderBlock(section: { streamId: number; endStream: boolean; selfDependent: boolean }, block: HeaderBlock): void {
    const { streamId, endStream } = section;
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#role === "server" && this.#streams.isIdle(streamId)) this.#onRequest(section, block);
      else this.#onClosedStream("HEADERS", streamId);
    } else if (section.selfDependent) {
      this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    } else if (!stream.canReceive) {
      this.#failStream(stream, Http2ErrorCode.STREAM_CLOSED);
    } else if (block.tooLarge) {
      this.#failStream(stream, Http2ErrorCode.ENHANCE_YOUR_CALM);
    } else if (stream.receiving === "headers") {
      this.#onResponse(stream, block, endStream);
    } else {
      this.#onTrailers(stream, block, endStream);
    }
  }

  /** Sections 5.1.1, 5.1.2 and 8.3.1: a new stream, in the server role. */
  #onRequest(section: { streamId: number; endStream: boolean; selfDependent: boolean }, block: HeaderBlock): void {
    const { streamId, endStream, selfDependent } = section;
    if ((streamId & 1) === 0) throw protocolError("a client's stream with an even id");
    this.#streams.lastRemoteId = streamId;
    if (!this.#host.acceptsStream(streamId) || this.#streams.isFull) {
      this.#refuse(streamId, Http2ErrorCode.REFUSED_STREAM);
    } else if (block.tooLarge) {
      this.#refuse(streamId, Http2ErrorCode.ENHANCE_YOUR_CALM);
    } else if (selfDependent || block.requestFault !== undefined) {
      this.#refuse(streamId, Http2ErrorCode.PROTOCOL_ERROR);
    } else {
      const contentLeft = contentLength(block.headers);
      if (endStream && contentLeft !== undefined && contentLeft > 0) {
        this.#refuse(streamId, Http2ErrorCode.PROTOCOL_ERROR);
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
      this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
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
      this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
      return;
    }
    this.#streams.remoteEnded(stream);
    stream.events.onTrailers(block.headers);
  }

  /** Section 5.1, "closed" and "idle": a frame for a stream that is not open. */
  #onClosedStream(frame: "DATA" | "HEADERS", streamId: number): void {
    if (this.#streams.isIdle(streamId)) throw protocolError(`${frame} on an idle stream`);
    const end = this.#streams.endOf(streamId);
    if (end === "reset-by-us" || end === "forgotten") return;
    if (end === "never-opened") throw protocolError(`${frame} on a stream whose id was skipped`);
    if (end === "finished" && frame === "HEADERS") {
      throw new ConnectionFault(Http2ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream");
    }
    this.#refuse(streamId, Http2ErrorCode.STREAM_CLOSED);
  }

  // Section 6.3: obsolete, checked and ignored.
  #onPriority(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#countControl();
    if (streamId === 0) throw protocolError("PRIORITY on stream 0");
    const wrongLength = end - start !== priorityBytes;
    if (!wrongLength && readUint31(bytes, start) !== streamId) return;
    const code = wrongLength ? Http2ErrorCode.FRAME_SIZE_ERROR : Http2ErrorCode.PROTOCOL_ERROR;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#failStream(stream, code);
    else this.#refuse(streamId, code);
  }

  // Section 6.4.
  #onRstStream(streamId: number, bytes: Buffer, start: number, end: number): void {
    requireLength("RST_STREAM", end - start, 4);
    if (streamId === 0 || this.#streams.isIdle(streamId)) throw protocolError("RST_STREAM on an idle stream");
    const stream = this.#streams.get(streamId);
    if (this.#role === "server") this.#countReset();
    if (stream !== undefined) this.#streams.resetByPeer(stream, readUint32(bytes, start));
  }

  // Section 6.5.
  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    if ((flags & FrameFlag.ACK) !== 0) {
      requireLength("SETTINGS acknowledgement", end - start, 0);
      if (!this.#hasSettings) throw protocolError("the first frame is a SETTINGS acknowledgement");
      this.#countControl();
      this.#streams.windowAcknowledged();
      return;
    }
    const settings = parseSettings(bytes, start, end);
    if (this.#role === "client" && settings.enablePush === 1) throw protocolError("a server's SETTINGS_ENABLE_PUSH");
    this.#countControl();
    this.#sender.applySettings(settings, this.#streams.all());
    this.#sender.settingsAck();
    if (settings.maxConcurrentStreams !== undefined) this.#streams.setPeerMaxStreams(settings.maxConcurrentStreams);
    else if (!this.#hasSettings) this.#streams.setPeerMaxStreams(maxStreamId);
    if (this.#hasSettings) return;
    this.#hasSettings = true;
    this.#host.onFirstSettings();
  }

  // Section 6.7.
  #onPing(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("PING on a stream");
    requireLength("PING", end - start, 8);
    this.#countControl();
    const payload = bytes.subarray(start, end);
    if ((flags & FrameFlag.ACK) !== 0) this.#host.onPingAck(payload);
    else this.#sender.ping(payload, true);
  }

  // Section 6.8.
  #onGoaway(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (end - start < 8) throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, "GOAWAY too short");
    this.#countControl();
    this.#host.onGoaway(
      readUint31(bytes, start),
      readUint32(bytes, start + 4),
      bytes.toString("latin1", start + 8, Math.min(end, start + 8 + maxDebugDataBytes)),
    );
  }

  // Section 6.9.
  #onWindowUpdate(streamId: number, bytes: Buffer, start: number, end: number): void {
    requireLength("WINDOW_UPDATE", end - start, 4);
    const increment = readUint31(bytes, start);
    if (streamId === 0) {
      if (increment === 0) throw protocolError("WINDOW_UPDATE of 0");
      this.#sender.growConnectionWindow(increment);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (this.#streams.isIdle(streamId)) throw protocolError("WINDOW_UPDATE on an idle stream");
      return;
    }
    if (increment === 0) this.#failStream(stream, Http2ErrorCode.PROTOCOL_ERROR);
    else if (!this.#sender.growStreamWindow(stream, increment))
      this.#failStream(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
  }

  /** Section 5.4.2: the peer broke a rule on this stream. */
  #failStream(stream: Stream, errorCode: number): void {
    this.#countReset();
    this.#host.onStreamFault(errorCode);
    this.#streams.reset(stream, errorCode);
    stream.events.onReset(errorCode);
  }

  /** A stream error on a stream that nobody uses. */
  #refuse(streamId: number, errorCode: number): void {
    this.#countReset();
    this.#host.onStreamFault(errorCode);
    this.#streams.refuseRemote(streamId);
    this.#sender.rstStream(streamId, errorCode);
  }

  #countReset(): void {
    if (!this.#resets.spend()) throw tooMuch("reset_flood", "too many streams cancelled or refused");
  }

  /** Peers that measure the connection ping once per round trip while data flows: what we sent pays for that. */
  #countControl(): void {
    if (this.#controls.spend()) return;
    this.#controls.earn(this.#sender.takeUsefulFrames());
    if (!this.#controls.spend()) throw tooMuch("control_flood", "too many control frames");
  }
}
