import { createServer, type Server } from "node:net";
import type { Duplex } from "node:stream";
import { Http2Connection } from "./connection.js";
import { DeadlineWheel } from "./deadline-wheel.js";
import { FairTurns } from "./fair-turns.js";
import { GrpcCode } from "./grpc-code.js";
import { deadlineExceeded, GrpcError } from "./grpc-error.js";
import { requestHead } from "./grpc-request-head.js";
import { type CallHost, failureTrailers, type ServerCallBase } from "./grpc-server-call.js";
import { trailersOnly } from "./grpc-status.js";
import { ActiveStreamingServerCall, type StreamMethod } from "./grpc-streaming-server-call.js";
import { type UnaryMethod, UnaryServerCall } from "./grpc-unary-server-call.js";
import type { HeaderList } from "./header-list.js";
import { lendingSocket } from "./lending-socket.js";
import { type ConnectionOptions, unixSocketOptions } from "./limits.js";
import { Roster } from "./roster.js";
import type { SocketAddress } from "./socket-address.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

export type GrpcMethod = UnaryMethod | StreamMethod;

/** gRPC's own default limit for a received message. */
export const defaultMaxMessageBytes = 4 * 1024 * 1024;

export interface GrpcServerOptions {
  /** The method for "/package.Service/Method"; undefined answers UNIMPLEMENTED. */
  findMethod(path: string): GrpcMethod | undefined;
  /** Asked before each call; an error refuses it. */
  authorize?(headers: HeaderList): GrpcError | undefined;
  /** Default 4 MiB. */
  readonly maxMessageBytes?: number | undefined;
  /** For TCP; over a Unix socket, on top of `unixSocketOptions`. */
  readonly connection?: ConnectionOptions | undefined;
  /**
   * The status of an error that has no details of its own: any that a handler throws, and the server's (those have a
   * `fault`). Default: a GrpcError as it is, INTERNAL without its text for others.
   */
  onUncaught?(error: unknown): GrpcError;
}

const ignoreRest: StreamEvents = { onHeaders() {}, onData() {}, onTrailers() {}, onWritable() {}, onReset() {} };

/** Serves gRPC methods over raw message bytes (grpc/doc/PROTOCOL-HTTP2.md). */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #connections = new Set<Http2Connection>();
  readonly #calls = new Roster<ServerCallBase>();
  readonly #deadlines = new DeadlineWheel(() => performance.now());
  readonly #listeners: Server[] = [];
  readonly #host: CallHost;
  #endedCalls = 0;
  #isShutDown = false;

  constructor(options: GrpcServerOptions) {
    this.#options = options;
    this.#host = {
      maxMessageBytes: options.maxMessageBytes ?? defaultMaxMessageBytes,
      deadlines: this.#deadlines,
      turns: new FairTurns(() => performance.now()),
      errorOf: (error) => {
        if (error instanceof GrpcError && error.details !== undefined) return error;
        return options.onUncaught?.(error) ?? plainError(error);
      },
      onCallEnded: (call) => {
        if (this.#calls.delete(call)) this.#endedCalls++;
      },
    };
  }

  /** Calls that have not ended. */
  get callsOpen(): number {
    return this.#calls.size;
  }

  /** Serves a connection whose preface is still unread. */
  accept(socket: Duplex): void {
    if (this.#isShutDown) {
      socket.destroy();
      return;
    }
    this.#serve(socket, this.#options.connection ?? {});
  }

  /** Listens at the address, a port of 0 being any free one; returns where. */
  async listen(at: SocketAddress): Promise<{ path?: string; port?: number }> {
    const overUnixSocket = "path" in at;
    const connection = overUnixSocket
      ? { ...unixSocketOptions, ...this.#options.connection }
      : (this.#options.connection ?? {});
    const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) =>
      this.#serve(lendingSocket(accepted), connection),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(at, () => {
        server.off("error", reject);
        // One connection could not be accepted; the others go on.
        server.on("error", () => {});
        resolve();
      });
    });
    this.#listeners.push(server);
    const address = server.address();
    return typeof address === "object" && address !== null ? { port: address.port } : { path: address ?? "" };
  }

  /**
   * Stops listening, lets calls finish for at most graceMs, then aborts the rest with UNAVAILABLE. Tells how many calls
   * ended each way since it was called.
   */
  async drain(graceMs: number): Promise<{ completed: number; aborted: number }> {
    const endedBefore = this.#endedCalls;
    this.#stopListening();
    const drained = Promise.all([...this.#connections].map((connection) => connection.drain()));
    const aborted = await this.#abortAfter(graceMs, drained);
    const completed = this.#endedCalls - endedBefore - aborted;
    await this.close();
    return { completed, aborted };
  }

  /** Closes everything now. */
  async close(): Promise<void> {
    this.#stopListening();
    const connections = [...this.#connections];
    for (const connection of connections) connection.destroy();
    await Promise.all(connections.map((connection) => connection.closed));
    this.#deadlines.close();
  }

  #stopListening(): void {
    this.#isShutDown = true;
    for (const listener of this.#listeners.splice(0)) listener.close();
  }

  async #abortAfter(graceMs: number, drained: Promise<unknown>): Promise<number> {
    const grace = Promise.withResolvers<"expired">();
    const timer = setTimeout(() => grace.resolve("expired"), graceMs);
    const outcome = await Promise.race([drained, grace.promise]);
    clearTimeout(timer);
    if (outcome !== "expired") return 0;
    const calls = this.#calls.members();
    const message = "the server is shutting down";
    const error = new GrpcError({ code: GrpcCode.UNAVAILABLE, message, fault: "shutting-down" });
    for (const call of calls) call.abort(error);
    return calls.length;
  }

  #serve(socket: Duplex, options: ConnectionOptions): void {
    const connection = Http2Connection.accept(socket, options, (stream, headers, endStream) =>
      this.#onStream(stream, headers, endStream),
    );
    this.#connections.add(connection);
    connection.onClose = () => this.#connections.delete(connection);
  }

  #onStream(stream: Http2Stream, headers: HeaderList, endStream: boolean): StreamEvents {
    const head = requestHead(headers);
    if (head.kind === "rejected") return endWith(stream, head.answer);
    if (head.kind === "refused") return this.#refuse(stream, head.error);
    const method = this.#route(headers, head.path);
    if (method instanceof GrpcError) return this.#refuse(stream, method);
    if (head.timeoutMs === 0) return this.#refuse(stream, deadlineExceeded());
    const call =
      method.kind === "unary"
        ? new UnaryServerCall(method, stream, headers, head, this.#host)
        : new ActiveStreamingServerCall(stream, headers, head, this.#host);
    this.#calls.add(call);
    if (call instanceof ActiveStreamingServerCall) void call.run(method as StreamMethod);
    if (endStream) call.onData(Buffer.alloc(0), true);
    return call;
  }

  #route(headers: HeaderList, path: string): GrpcMethod | GrpcError {
    try {
      return this.#options.authorize?.(headers) ?? this.#options.findMethod(path) ?? unknownMethod(path);
    } catch (error) {
      return error instanceof GrpcError ? error : this.#host.errorOf(error);
    }
  }

  #refuse(stream: Http2Stream, error: GrpcError): StreamEvents {
    return endWith(stream, trailersOnly(failureTrailers(error, this.#host)));
  }
}

function endWith(stream: Http2Stream, answer: HeaderList): StreamEvents {
  stream.sendHeaders(answer, true);
  return ignoreRest;
}

function unknownMethod(path: string): GrpcError {
  return new GrpcError({ code: GrpcCode.UNIMPLEMENTED, message: `unknown method ${path}`, fault: "unknown-method" });
}

function plainError(cause: unknown): GrpcError {
  if (cause instanceof GrpcError) return cause;
  return new GrpcError({ code: GrpcCode.INTERNAL, message: "the call failed unexpectedly", cause });
}
