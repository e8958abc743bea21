import { ConnectionFault, Http2ErrorCode, protocolError } from "./error-code.js";
import type { FloodGuard } from "./flood-guard.js";
import type { Sender } from "./sender.js";
import type { Stream } from "./stream.js";
import type { StreamTable } from "./stream-table.js";

/** RFC 9113 section 5.4.2: ends a stream on which the peer broke a rule, and the connection when there are too many of them. */
export class StreamFaults {
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #floods: FloodGuard;
  readonly #onStreamFault: (errorCode: number) => void;

  constructor(
    parts: { sender: Sender; streams: StreamTable; floods: FloodGuard },
    onStreamFault: (errorCode: number) => void,
  ) {
    this.#sender = parts.sender;
    this.#streams = parts.streams;
    this.#floods = parts.floods;
    this.#onStreamFault = onStreamFault;
  }

  /** @throws ConnectionFault */
  fail(stream: Stream, errorCode: number): void {
    this.#floods.countReset();
    this.#onStreamFault(errorCode);
    this.#streams.reset(stream, errorCode);
    stream.events.onReset(errorCode);
  }

  /**
   * A stream error on a stream that nobody uses.
   * @throws ConnectionFault
   */
  refuse(streamId: number, errorCode: number): void {
    this.#floods.countReset();
    this.#onStreamFault(errorCode);
    this.#streams.refuseRemote(streamId);
    this.#sender.rstStream(streamId, errorCode);
  }

  /**
   * Section 5.1, "closed" and "idle": a frame for a stream that is not open.
   * @throws ConnectionFault
   */
  notOpen(frame: "DATA" | "HEADERS", streamId: number): void {
    if (this.#streams.isIdle(streamId)) throw protocolError(`${frame} on an idle stream`);
    const end = this.#streams.endOf(streamId);
    if (end === "reset-by-us" || end === "forgotten") return;
    if (end === "never-opened") throw protocolError(`${frame} on a stream whose id was skipped`);
    if (end === "finished" && frame === "HEADERS") {
      throw new ConnectionFault(Http2ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream");
    }
    this.refuse(streamId, Http2ErrorCode.STREAM_CLOSED);
  }
}
