import { DataReceiver } from "./data-receiver.js";
import { ConnectionFault, Http2ErrorCode, protocolError } from "./error-code.js";
import { FloodGuard } from "./flood-guard.js";
import { FrameFlag, FrameType, maxStreamId, priorityBytes, readUint31, readUint32 } from "./frame.js";
import { FrameReader, type FrameSink } from "./frame-reader.js";
import type { ConnectionLimits } from "./limits.js";
import { SectionReceiver, type StreamHost } from "./section-receiver.js";
import type { Sender } from "./sender.js";
import { parseSettings } from "./settings.js";
import { StreamFaults } from "./stream-faults.js";
import type { StreamTable } from "./stream-table.js";

const maxDebugDataBytes = 256;

/** What the receiver leaves to the connection. */
export interface ReceiverHost extends StreamHost {
  onFirstSettings(): void;
  onGoaway(lastStreamId: number, errorCode: number, text: string): void;
  onPingAck(payload: Buffer): void;
  /** We ended a stream, or did not begin it, for what the peer did. */
  onStreamFault(errorCode: number): void;
}

/**
 * RFC 9113 section 6: what each received frame means for its stream and the connection. One method per frame type; those of DATA and
 * of header blocks, which have rules of their own, are in `DataReceiver` and `SectionReceiver`.
 */
export class Receiver implements FrameSink {
  readonly #role: "client" | "server";
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #host: ReceiverHost;
  readonly #reader: FrameReader;
  readonly #floods: FloodGuard;
  readonly #faults: StreamFaults;
  readonly #data: DataReceiver;
  readonly #sections: SectionReceiver;
  #hasSettings = false;

  constructor(
    role: "client" | "server",
    limits: ConnectionLimits,
    { sender, streams, host }: { sender: Sender; streams: StreamTable; host: ReceiverHost },
  ) {
    this.#role = role;
    this.#sender = sender;
    this.#streams = streams;
    this.#host = host;
    this.#reader = new FrameReader(this, { maxFrameBytes: limits.maxFrameBytes, expectPreface: role === "server" });
    const floods = new FloodGuard(limits, sender);
    const faults = new StreamFaults({ sender, streams, floods }, (errorCode) => host.onStreamFault(errorCode));
    this.#floods = floods;
    this.#faults = faults;
    this.#data = new DataReceiver(limits, { sender, streams, floods, faults });
    this.#sections = new SectionReceiver(role, limits, { streams, faults, host });
  }

  /** @throws ConnectionFault */
  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#floods.checkUnread();
  }

  stop(): void {
    this.#reader.stop();
  }

  streamFinished(): void {
    this.#floods.streamFinished();
  }

  /**
   * Ends the streams that wait for nothing but the peer to read, if they did already when this was called `times` before.
   * @throws ConnectionFault
   */
  endUnread(times: number): void {
    for (const stream of [...this.#streams.all()]) {
      const isUnread = stream.ending !== undefined && stream.bufferedBytes > 0;
      stream.timesSeenUnread = isUnread ? stream.timesSeenUnread + 1 : 0;
      if (stream.timesSeenUnread > times) this.#faults.fail(stream, Http2ErrorCode.ENHANCE_YOUR_CALM);
    }
  }

  onDataFrame(streamId: number, flags: number, lengthBytes: number): void {
    this.#requireOrder(FrameType.DATA, streamId);
    this.#data.onFrame(streamId, flags, lengthBytes);
  }

  onDataPiece(piece: Buffer, endsFrame: boolean): void {
    this.#data.onPiece(piece, endsFrame);
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#requireOrder(type, streamId);
    switch (type) {
      case FrameType.HEADERS:
        this.#sections.onHeaders(flags, streamId, bytes, start, end);
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
        this.#sections.onContinuation(flags, bytes, start, end);
        break;
      case FrameType.PRIORITY:
        this.#onPriority(streamId, bytes, start, end);
        break;
      case FrameType.PUSH_PROMISE:
        throw protocolError("PUSH_PROMISE, which is not enabled");
      default:
        this.#floods.countControl();
    }
  }

  /** Section 3.4: SETTINGS come first. Section 6.10: nothing interrupts a header block. */
  #requireOrder(type: number, streamId: number): void {
    if (!this.#hasSettings && type !== FrameType.SETTINGS) throw protocolError("the first frame is not SETTINGS");
    const { openBlockStreamId } = this.#sections;
    if (openBlockStreamId !== 0) {
      if (type !== FrameType.CONTINUATION || streamId !== openBlockStreamId) {
        throw protocolError("a header block was interrupted");
      }
    } else if (type === FrameType.CONTINUATION) {
      throw protocolError("CONTINUATION without HEADERS");
    }
  }

  // Section 6.3: obsolete, checked and ignored.
  #onPriority(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.#floods.countControl();
    if (streamId === 0) throw protocolError("PRIORITY on stream 0");
    const wrongLength = end - start !== priorityBytes;
    if (!wrongLength && readUint31(bytes, start) !== streamId) return;
    const code = wrongLength ? Http2ErrorCode.FRAME_SIZE_ERROR : Http2ErrorCode.PROTOCOL_ERROR;
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#faults.fail(stream, code);
    else this.#faults.refuse(streamId, code);
  }

  // Section 6.4.
  #onRstStream(streamId: number, bytes: Buffer, start: number, end: number): void {
    requireLength("RST_STREAM", end - start, 4);
    if (streamId === 0 || this.#streams.isIdle(streamId)) throw protocolError("RST_STREAM on an idle stream");
    const stream = this.#streams.get(streamId);
    if (this.#role === "server") this.#floods.countReset();
    if (stream !== undefined) this.#streams.resetByPeer(stream, readUint32(bytes, start));
  }

  // Section 6.5.
  #onSettings(flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    if ((flags & FrameFlag.ACK) !== 0) {
      requireLength("SETTINGS acknowledgement", end - start, 0);
      if (!this.#hasSettings) throw protocolError("the first frame is a SETTINGS acknowledgement");
      this.#floods.countControl();
      this.#streams.windowAcknowledged();
      return;
    }
    const settings = parseSettings(bytes, start, end);
    if (this.#role === "client" && settings.enablePush === 1) throw protocolError("a server's SETTINGS_ENABLE_PUSH");
    this.#floods.countControl();
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
    this.#floods.countControl();
    const payload = bytes.subarray(start, end);
    if ((flags & FrameFlag.ACK) !== 0) this.#host.onPingAck(payload);
    else this.#sender.ping(payload, true);
  }

  // Section 6.8.
  #onGoaway(streamId: number, bytes: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("GOAWAY on a stream");
    if (end - start < 8) throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, "GOAWAY too short");
    this.#floods.countControl();
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
    if (increment === 0) this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
    else if (!this.#sender.growStreamWindow(stream, increment))
      this.#faults.fail(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
  }
}

function requireLength(name: string, bytes: number, expected: number): void {
  if (bytes !== expected) throw new ConnectionFault(Http2ErrorCode.FRAME_SIZE_ERROR, `${name} of ${bytes} bytes`);
}
