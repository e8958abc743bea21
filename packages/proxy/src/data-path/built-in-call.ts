import {
  type DeadlineWheel,
  type Expiring,
  frameMessage,
  GrpcCode,
  GrpcError,
  type HeaderList,
  MessageReader,
  type StreamEvents,
  statusTrailers,
} from "@prism-data/transport";
import type { CallMetrics } from "../telemetry/call-metrics.js";
import type { Downstream } from "./call.js";
import { compressionUnsupported, deadlineExceeded, messageTooLarge } from "./call-failures.js";
import type { Failure } from "./failure.js";

/** How a service of the proxy's own answers a call. */
export interface Answer {
  send(message: Uint8Array): void;
  /** Ends the call with OK. */
  end(): void;
  fail(failure: Failure): void;
}

/** The service's side of one call. */
export interface Responder {
  onMessage(message: Buffer): void;
  /** The caller sends no more messages. */
  onEnd(): void;
  /** The call is over, however it ended. Always called, once. */
  onClose(): void;
}

/** A method that the proxy serves itself. */
export type BuiltInMethod = (answer: Answer) => Responder;

/** Requests of health checks and reflection are names. */
const messageBytesMax = 64 * 1024;

const responseHeaders: HeaderList = Object.freeze([":status", "200", "content-type", "application/grpc"]);

/** A call of one of the proxy's own services. */
export class BuiltInCall implements StreamEvents, Answer, Expiring {
  readonly #downstream: Downstream;
  readonly #wheel: DeadlineWheel;
  readonly #metrics: CallMetrics;
  readonly #now: () => number;
  readonly #onClosed: () => void;
  readonly #startedMs: number;
  readonly #reader = new MessageReader(messageBytesMax);
  readonly #responder: Responder;
  #phase: "open" | "answering" | "ended" = "open";
  /** Bytes without credit while the caller does not read our answers. */
  #withheldBytes: number | undefined;

  deadlineMs = Number.POSITIVE_INFINITY;
  wheelNext: Expiring | undefined = undefined;
  wheelPrevious: Expiring | undefined = undefined;

  constructor(
    method: BuiltInMethod,
    downstream: Downstream,
    call: {
      timeoutMs: number | undefined;
      metrics: CallMetrics;
      wheel: DeadlineWheel;
      now: () => number;
      onClosed: () => void;
    },
  ) {
    this.#downstream = downstream;
    this.#wheel = call.wheel;
    this.#metrics = call.metrics;
    this.#now = call.now;
    this.#onClosed = call.onClosed;
    this.#startedMs = call.now();
    this.#metrics.begin();
    if (call.timeoutMs !== undefined) {
      this.deadlineMs = this.#startedMs + call.timeoutMs;
      call.wheel.add(this);
    }
    this.#responder = method(this);
  }

  onHeaders(): void {}

  onData(data: Buffer, endStream: boolean): void {
    if (this.#phase === "ended") return;
    this.#metrics.received(data.length);
    if (!this.#readMessages(data)) return;
    if (this.#withheldBytes === undefined) this.#downstream.releaseWindow(data.length);
    else this.#withheldBytes += data.length;
    if (endStream) this.#responder.onEnd();
  }

  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onWritable(): void {
    const sizeBytes = this.#withheldBytes ?? 0;
    this.#withheldBytes = undefined;
    if (sizeBytes > 0) this.#downstream.releaseWindow(sizeBytes);
  }

  onReset(): void {
    this.#close(GrpcCode.CANCELLED);
  }

  onDeadline(): void {
    this.fail(deadlineExceeded("the end of the call"));
  }

  send(message: Uint8Array): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "open") this.#downstream.sendHeaders(responseHeaders, false);
    this.#phase = "answering";
    this.#metrics.answered(message.length);
    if (!this.#downstream.sendData(frameMessage(message), false)) this.#withheldBytes ??= 0;
  }

  end(): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "open") this.#downstream.sendHeaders(responseHeaders, false);
    this.#downstream.sendTrailers(statusTrailers(GrpcCode.OK));
    this.#close(GrpcCode.OK);
  }

  fail(failure: Failure): void {
    if (this.#phase === "ended") return;
    if (this.#phase === "open") this.#downstream.sendHeaders(failure.trailersOnly, true);
    else this.#downstream.sendTrailers(failure.trailers);
    this.#close(failure.code);
  }

  #readMessages(data: Buffer): boolean {
    try {
      this.#reader.read(data, ({ compressed, message }) => {
        if (compressed) this.fail(compressionUnsupported());
        else if (!this.#hasEnded()) this.#responder.onMessage(message);
      });
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      this.fail(messageTooLarge(this.#reader.pendingBytes, messageBytesMax));
    }
    return !this.#hasEnded();
  }

  #hasEnded(): boolean {
    return this.#phase === "ended";
  }

  #close(code: number): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#wheel.remove(this);
    this.#metrics.end(code, this.#now() - this.#startedMs);
    this.#responder.onClose();
    this.#onClosed();
  }
}
