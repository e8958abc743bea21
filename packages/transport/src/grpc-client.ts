import { connect, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, TLSSocket } from "node:tls";
import { Http2Connection } from "./connection.js";
import { DeadlineWheel } from "./deadline-wheel.js";
import type { CallOptions, ClientHost } from "./grpc-client-call.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import type { Metadata } from "./grpc-metadata.js";
import { RequestHeaders } from "./grpc-request-headers.js";
import { defaultMaxMessageBytes } from "./grpc-server.js";
import { ActiveClientCall, type ClientCall } from "./grpc-streaming-client-call.js";
import { UnaryClientCall } from "./grpc-unary-client-call.js";
import { type ConnectionOptions, unixSocketOptions } from "./limits.js";
import { sendMessage } from "./send-message.js";
import type { SocketAddress } from "./socket-address.js";

/** A local server answers in milliseconds, one across a network within seconds. */
const defaultConnectTimeoutMs = 10_000;

/** How to trust a server, and to be trusted by it. Texts are PEM. */
export interface ClientTls {
  /** The certificates that may sign the server's. Default: those of Node.js. */
  readonly ca?: string | undefined;
  /** The client's own certificate, then its issuers. With `key`. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that the server's certificate must carry. Default: the host that is connected to. */
  readonly serverName?: string | undefined;
}

export interface GrpcClientOptions {
  /** Encrypts a connection to a host. Default: plaintext. */
  readonly tls?: ClientTls | undefined;
  /** For the socket and the HTTP/2 handshake together. Default 10 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** The :authority of every call; default the host and port, "localhost" over a Unix socket. */
  readonly authority?: string | undefined;
  /** Sent with every call. */
  readonly metadata?: Metadata | undefined;
  /** For received messages. Default 4 MiB. */
  readonly maxMessageBytes?: number | undefined;
  readonly connection?: ConnectionOptions | undefined;
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes gRPC calls with raw message bytes over one connection, which is not made again when it is lost. */
export class GrpcClient {
  readonly connection: Http2Connection;
  readonly #deadlines = new DeadlineWheel(() => performance.now());
  readonly #host: ClientHost;
  readonly #closed = Promise.withResolvers<Error | undefined>();

  /** @throws GrpcError UNAVAILABLE when there is no HTTP/2 server at the address, CANCELLED when aborted */
  static async connect(to: SocketAddress, options: GrpcClientOptions = {}): Promise<GrpcClient> {
    const socket = openSocket(to, options.tls);
    const attempt = limitAttempt(options.connectTimeoutMs ?? defaultConnectTimeoutMs, options.signal);
    const connection = "path" in to ? { ...unixSocketOptions, ...options.connection } : (options.connection ?? {});
    try {
      await Promise.race([
        socketConnected(socket, options.tls === undefined ? "connect" : "secureConnect"),
        attempt.givenUp,
      ]);
      const client = new GrpcClient(Http2Connection.connect(socket, connection), to, options);
      await Promise.race([client.connection.ready, attempt.givenUp]);
      return client;
    } catch (error) {
      socket.destroy();
      throw error instanceof GrpcError ? error : cannotConnect(to, error);
    } finally {
      attempt.release();
    }
  }

  private constructor(connection: Http2Connection, to: SocketAddress, options: GrpcClientOptions) {
    const authority = options.authority ?? ("path" in to ? "localhost" : `${to.host}:${to.port}`);
    const scheme = options.tls === undefined ? "http" : "https";
    const headers = new RequestHeaders({ scheme, authority, metadata: options.metadata ?? [] });
    this.connection = connection;
    this.#host = {
      maxMessageBytes: options.maxMessageBytes ?? defaultMaxMessageBytes,
      deadlines: this.#deadlines,
      request: (path, callOptions, events) => connection.request(headers.of(path, callOptions), false, events),
    };
    connection.onClose = (reason) => {
      this.#deadlines.close();
      this.#closed.resolve(reason);
    };
  }

  /** Whether a call can be started. */
  get isOpen(): boolean {
    return this.connection.isOpen;
  }

  /** Fulfilled when the connection has closed, with the reason when something went wrong. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** Rejects with a GrpcError: the server's status, or what kept the call from having one. */
  unary(path: string, message: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    const call = new UnaryClientCall(this.#host);
    const stream = call.start(path, options);
    if (stream !== undefined) sendMessage(stream, message, true);
    return call.answer;
  }

  stream(path: string, options: CallOptions = {}): ClientCall {
    const call = new ActiveClientCall(this.#host);
    call.start(path, options);
    return call;
  }

  /** The round-trip time in ms. */
  ping(timeoutMs: number): Promise<number> {
    return this.connection.ping(timeoutMs);
  }

  /** Takes no new calls, lets those in flight finish, closes. Give them a deadline, or destroy the connection. */
  async close(): Promise<void> {
    await this.connection.drain();
  }
}

/** Rejects when the time is up or the caller does not want to connect any more. */
function limitAttempt(
  timeoutMs: number,
  signal: AbortSignal | undefined,
): { givenUp: Promise<never>; release(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const onAbort = () => reject(new GrpcError({ code: GrpcCode.CANCELLED, message: "connecting was given up" }));
  const timer = setTimeout(() => reject(new Error(`it took more than ${timeoutMs} ms`)), timeoutMs);
  if (signal?.aborted === true) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    givenUp: promise,
    release() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

function openSocket(to: SocketAddress, tls: ClientTls | undefined): Socket {
  if ("path" in to) {
    if (tls !== undefined) throw new TypeError("a Unix socket is not encrypted");
    return connect({ path: to.path });
  }
  if (tls === undefined) return connect({ host: to.host, port: to.port, noDelay: true });
  const name = tls.serverName ?? to.host;
  return connectTls({
    host: to.host,
    port: to.port,
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.cert !== undefined && { cert: tls.cert }),
    ...(tls.key !== undefined && { key: tls.key }),
    // RFC 6066 section 3: SNI names hosts, not addresses. The certificate is checked against either.
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
    minVersion: "TLSv1.2",
    ALPNProtocols: ["h2"],
  });
}

function socketConnected(socket: Socket, event: "connect" | "secureConnect"): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once(event, () => {
      socket.off("error", reject);
      // RFC 9113 section 3.2: HTTP/2 over TLS is agreed on, never assumed.
      if (socket instanceof TLSSocket && socket.alpnProtocol !== "h2") reject(new Error("it does not offer HTTP/2"));
      else resolve();
    });
  });
}

function cannotConnect(to: SocketAddress, cause: unknown): GrpcError {
  const place = "path" in to ? to.path : `${to.host}:${to.port}`;
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GrpcError({ code: GrpcCode.UNAVAILABLE, message: `cannot connect to ${place}: ${why}`, cause });
}
