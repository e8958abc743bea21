import type { DeadlineWheel, Expiring } from "./deadline-wheel.js";
import { ConnectionClosedError, connectionLost, errorCodeName, Http2ErrorCode } from "./error-code.js";
import { GrpcCode, grpcCodeOfReset } from "./grpc-code.js";
import { deadlineExceeded, GrpcError } from "./grpc-error.js";
import type { Metadata } from "./grpc-metadata.js";
import { responseError, statusOfTrailers } from "./grpc-status.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

/** How one call is made. */
export interface CallOptions {
  /** Sent with the request headers, after the client's own. */
  readonly metadata?: Metadata | undefined;
  /** The deadline, from now: sent to the server and enforced here too. None by default. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** What a call needs from its client. */
export interface ClientHost {
  readonly maxMessageBytes: number;
  readonly deadlines: DeadlineWheel;
  request(path: string, options: CallOptions, events: StreamEvents): Http2Stream;
}

function resetError(errorCode: number): GrpcError {
  const message =
    errorCode === connectionLost
      ? "the connection was lost"
      : errorCode === Http2ErrorCode.REFUSED_STREAM
        ? "the server did not take the call"
        : `the server reset the stream: ${errorCodeName(errorCode)}`;
  return new GrpcError({ code: grpcCodeOfReset(errorCode), message });
}

/** Why a call need not be started. */
function refusalOf({ signal, timeoutMs }: CallOptions): GrpcError | undefined {
  if (signal?.aborted === true) return cancelled();
  return timeoutMs !== undefined && timeoutMs <= 0 ? deadlineExceeded() : undefined;
}

/** Why a call could not be started, as its status. */
function startError(error: unknown): GrpcError {
  if (error instanceof ConnectionClosedError) {
    return new GrpcError({ code: GrpcCode.UNAVAILABLE, message: error.message, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new GrpcError({ code: GrpcCode.INTERNAL, message, cause: error });
}

/** The parts of a call that do not depend on how many messages it has: from request headers to status. */
export abstract class ClientCallBase implements StreamEvents {
  protected readonly host: ClientHost;
  protected stream: Http2Stream | undefined;
  #ended = false;
  #deadline: Expiring | undefined;
  #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.cancel();

  constructor(host: ClientHost) {
    this.host = host;
  }

  /** Sends the request headers. A call that cannot be started ends with the reason. */
  start(path: string, options: CallOptions): Http2Stream | undefined {
    const refusal = refusalOf(options);
    if (refusal !== undefined) {
      this.#end(refusal);
      return undefined;
    }
    try {
      this.stream = this.host.request(path, options, this);
    } catch (error) {
      this.#end(startError(error));
      return undefined;
    }
    if (options.timeoutMs !== undefined) {
      this.#deadline = this.host.deadlines.addTimeout(options.timeoutMs, () => this.#giveUp(deadlineExceeded()));
    }
    if (options.signal !== undefined) {
      this.#signal = options.signal;
      options.signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    return this.stream;
  }

  cancel(): void {
    this.#giveUp(cancelled());
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    const error = responseError(headers);
    if (endStream) {
      this.onResponseHeaders(headers);
      this.#end(error ?? statusOfTrailers(headers));
    } else if (error !== undefined) {
      this.#giveUp(error);
    } else {
      this.onResponseHeaders(headers);
    }
  }

  onData(data: Buffer, endStream: boolean): void {
    if (this.#ended) return;
    try {
      this.onBytes(data);
    } catch (error) {
      this.#giveUp(error as GrpcError);
      return;
    }
    if (endStream) this.#end(new GrpcError({ code: GrpcCode.INTERNAL, message: "the answer ended without trailers" }));
  }

  onTrailers(trailers: HeaderList): void {
    this.onTrailingMetadata(trailers);
    // A call is over with its status, whatever was still to be said.
    this.stream?.reset(Http2ErrorCode.NO_ERROR);
    this.#end(statusOfTrailers(trailers));
  }

  onReset(errorCode: number): void {
    // How grpc-go's server ends a stream whose deadline has passed.
    const isDeadline =
      errorCode === Http2ErrorCode.CANCEL && this.#deadline !== undefined && this.host.deadlines.isPast(this.#deadline);
    this.#end(isDeadline ? deadlineExceeded() : resetError(errorCode));
  }

  onWritable(): void {}

  protected get hasEnded(): boolean {
    return this.#ended;
  }

  protected onResponseHeaders(_headers: HeaderList): void {}
  protected onTrailingMetadata(_trailers: HeaderList): void {}

  /** @throws GrpcError when the bytes are not acceptable messages */
  protected abstract onBytes(data: Buffer): void;
  /** The call is over, with an error or well. */
  protected abstract onEnd(error: GrpcError | undefined): void;

  #giveUp(error: GrpcError): void {
    if (this.#ended) return;
    this.stream?.reset(Http2ErrorCode.CANCEL);
    this.#end(error);
  }

  #end(error: GrpcError | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#deadline !== undefined) this.host.deadlines.remove(this.#deadline);
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.onEnd(error);
  }
}

function cancelled(): GrpcError {
  return new GrpcError({ code: GrpcCode.CANCELLED, message: "the call was cancelled" });
}
