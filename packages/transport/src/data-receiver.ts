import { ConnectionFault, Http2ErrorCode, protocolError } from "./error-code.js";
import type { FloodGuard } from "./flood-guard.js";
import { ReceiveWindow } from "./flow-control.js";
import { FrameFlag } from "./frame.js";
import type { ConnectionLimits } from "./limits.js";
import type { Sender } from "./sender.js";
import type { Stream } from "./stream.js";
import type { StreamFaults } from "./stream-faults.js";
import type { StreamTable } from "./stream-table.js";

/** RFC 9113 section 6.1: what received DATA means for its stream, and for the windows. */
export class DataReceiver {
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #floods: FloodGuard;
  readonly #faults: StreamFaults;
  readonly #window: ReceiveWindow;
  /** The stream of the frame being read; undefined when its data is dropped. */
  #stream: Stream | undefined;
  #endsStream = false;
  /** Bytes of its payload that have not been passed on: in the end, the padding. */
  #undeliveredBytes = 0;

  constructor(
    limits: ConnectionLimits,
    parts: { sender: Sender; streams: StreamTable; floods: FloodGuard; faults: StreamFaults },
  ) {
    this.#sender = parts.sender;
    this.#streams = parts.streams;
    this.#floods = parts.floods;
    this.#faults = parts.faults;
    this.#window = new ReceiveWindow(limits.connectionWindowBytes, limits.connectionWindowBytes);
  }

  /** @throws ConnectionFault */
  onFrame(streamId: number, flags: number, lengthBytes: number): void {
    if (streamId === 0) throw protocolError("DATA on stream 0");
    if (!this.#window.take(lengthBytes)) {
      throw new ConnectionFault(Http2ErrorCode.FLOW_CONTROL_ERROR, "more DATA than the connection window allows");
    }
    const credit = this.#window.release(lengthBytes);
    if (credit > 0) this.#sender.windowUpdate(0, credit);
    this.#endsStream = (flags & FrameFlag.END_STREAM) !== 0;
    this.#floods.countData(lengthBytes > 0 || this.#endsStream);
    this.#undeliveredBytes = lengthBytes;
    this.#stream = this.#receivingStream(streamId, lengthBytes);
  }

  /** @throws ConnectionFault */
  onPiece(piece: Buffer, endsFrame: boolean): void {
    const stream = this.#stream;
    if (stream === undefined || stream.state === "closed") return;
    const endStream = endsFrame && this.#endsStream;
    this.#undeliveredBytes -= piece.length;
    // Padding is consumed on receipt: the user of the stream never sees it.
    if (endsFrame && this.#undeliveredBytes > 0) stream.releaseWindow(this.#undeliveredBytes);
    if (stream.contentLeft !== undefined) {
      stream.contentLeft -= piece.length;
      if (stream.contentLeft < 0 || (endStream && stream.contentLeft > 0)) {
        this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
        return;
      }
    }
    if (endStream) this.#streams.remoteEnded(stream);
    if (piece.length > 0 || endStream) stream.events.onData(piece, endStream);
  }

  /** The stream that may take the frame, or undefined when the frame is dropped. */
  #receivingStream(streamId: number, lengthBytes: number): Stream | undefined {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      this.#faults.notOpen("DATA", streamId);
      return undefined;
    }
    if (!stream.canReceive) {
      this.#faults.fail(stream, Http2ErrorCode.STREAM_CLOSED);
    } else if (stream.receiving === "headers") {
      this.#faults.fail(stream, Http2ErrorCode.PROTOCOL_ERROR);
    } else if (!stream.receiveWindow.take(lengthBytes)) {
      this.#faults.fail(stream, Http2ErrorCode.FLOW_CONTROL_ERROR);
    } else {
      return stream;
    }
    return undefined;
  }
}
