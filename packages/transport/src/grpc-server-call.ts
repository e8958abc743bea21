import type { DeadlineWheel, Expiring } from "./deadline-wheel.js";
import { Http2ErrorCode } from "./error-code.js";
import type { FairTurns } from "./fair-turns.js";
import { GrpcCode } from "./grpc-code.js";
import { deadlineExceeded, GrpcError } from "./grpc-error.js";
import { appendMetadata, type Metadata } from "./grpc-metadata.js";
import { errorTrailers, statusTrailers, trailersOnly } from "./grpc-status.js";
import type { HeaderList } from "./header-list.js";
import type { Enrolled } from "./roster.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

const plainHeaders: HeaderList = Object.freeze([":status", "200", "content-type", "application/grpc"]);

function withMetadata(headers: HeaderList, metadata: Metadata): HeaderList {
  const all = [...headers];
  appendMetadata(all, metadata);
  return all;
}

/** One call, as its handler sees it. */
export interface ServerCall {
  /** "/package.Service/Method" */
  readonly path: string;
  /** The request headers as they came. */
  readonly metadata: HeaderList;
  /** When the caller stops waiting, in ms since the epoch. */
  readonly deadlineMs: number | undefined;
  /** Aborted when the caller cancels, the deadline passes or the connection is lost; the reason is a GrpcError. */
  readonly signal: AbortSignal;
  /** Metadata for the response headers; must be set before they are sent. */
  setHeaders(metadata: Metadata): void;
  /** Metadata for the trailers of an answer that succeeds; an error carries its own. */
  setTrailers(metadata: Metadata): void;
  /** Ends the call from outside its handler: the signal is aborted and the caller answered. Nothing happens once it has ended. */
  abort(error: GrpcError): void;
}

/** What a call needs from its server. */
export interface CallHost {
  readonly maxMessageBytes: number;
  readonly deadlines: DeadlineWheel;
  readonly turns: FairTurns;
  /** The status for whatever a call failed with. */
  errorOf(error: unknown): GrpcError;
  onCallEnded(call: ServerCallBase): void;
}

/** How a call ends that failed. */
export function failureTrailers(error: unknown, host: Pick<CallHost, "errorOf">): HeaderList {
  let trailers: HeaderList;
  try {
    trailers = errorTrailers(host.errorOf(error));
  } catch (invalidMetadata) {
    trailers = errorTrailers(host.errorOf(invalidMetadata));
  }
  // grpc/doc/compression.md: the answer says what would have been understood.
  const wasCompressed = error instanceof GrpcError && error.fault === "compressed";
  return wasCompressed ? [...trailers, "grpc-accept-encoding", "identity"] : trailers;
}

type CallPhase = "receiving" | "responding" | "ended";

/** The parts of a call that do not depend on how many messages it has. */
export abstract class ServerCallBase implements ServerCall, StreamEvents, Enrolled {
  rosterPosition = -1;
  readonly path: string;
  readonly metadata: HeaderList;
  readonly deadlineMs: number | undefined;
  protected readonly stream: Http2Stream;
  protected readonly host: CallHost;
  protected phase: CallPhase = "receiving";
  readonly #deadline: Expiring | undefined;
  #controller: AbortController | undefined;
  #abortedWith: GrpcError | undefined;
  #headers: Metadata | undefined;
  #trailers: Metadata | undefined;

  constructor(
    stream: Http2Stream,
    headers: HeaderList,
    head: { path: string; timeoutMs: number | undefined },
    host: CallHost,
  ) {
    this.stream = stream;
    this.metadata = headers;
    this.path = head.path;
    this.host = host;
    if (head.timeoutMs !== undefined) {
      this.deadlineMs = Date.now() + head.timeoutMs;
      this.#deadline = host.deadlines.addTimeout(head.timeoutMs, () => this.abort(deadlineExceeded()));
    }
  }

  /** Made when first asked for: most handlers never look. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedWith !== undefined) this.#controller.abort(this.#abortedWith);
    }
    return this.#controller.signal;
  }

  setHeaders(metadata: Metadata): void {
    this.#headers = metadata;
  }

  setTrailers(metadata: Metadata): void {
    this.#trailers = metadata;
  }

  abort(error: GrpcError): void {
    if (this.phase === "ended") return;
    this.#signalAbort(error);
    this.fail(error);
  }

  onHeaders(): void {}

  abstract onData(data: Buffer, endStream: boolean): void;
  abstract onWritable(): void;
  /** The handler must learn that the call is over. */
  protected abstract onAborted(error: GrpcError): void;

  /** A client that sends trailers has nothing more to say. */
  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onReset(errorCode: number): void {
    if (this.phase === "ended") return;
    const message =
      errorCode === Http2ErrorCode.CONNECT_ERROR ? "the connection was lost" : "the caller cancelled the call";
    this.#end();
    this.#signalAbort(new GrpcError({ code: GrpcCode.CANCELLED, message }));
  }

  protected sendHeaders(): void {
    if (this.phase !== "receiving") return;
    const headers = this.#headers === undefined ? plainHeaders : withMetadata(plainHeaders, this.#headers);
    this.phase = "responding";
    this.stream.sendHeaders(headers, false);
  }

  protected succeed(): void {
    this.stream.sendTrailers(
      this.#trailers === undefined
        ? statusTrailers(GrpcCode.OK)
        : statusTrailers(GrpcCode.OK, "", undefined, this.#trailers),
    );
    this.#end();
  }

  /** An error of the handler or of the request. Buffered data that the caller does not take is not waited for. */
  protected fail(error: unknown): void {
    if (this.phase === "ended") return;
    const trailers = failureTrailers(error, this.host);
    if (this.phase === "receiving") this.stream.sendHeaders(trailersOnly(trailers), true);
    else if (this.#abortedWith !== undefined && this.stream.bufferedBytes > 0) this.stream.reset(Http2ErrorCode.CANCEL);
    else this.stream.sendTrailers(trailers);
    this.#end();
  }

  #signalAbort(error: GrpcError): void {
    this.#abortedWith = error;
    this.#controller?.abort(error);
    this.onAborted(error);
  }

  #end(): void {
    this.phase = "ended";
    if (this.#deadline !== undefined) this.host.deadlines.remove(this.#deadline);
    this.host.onCallEnded(this);
  }
}
