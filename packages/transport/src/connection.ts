import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { StreamEnd } from "./closed-streams.js";
import { ConnectionAge } from "./connection-age.js";
import { ConnectionClosedError, ConnectionFault, errorCodeName, Http2ErrorCode } from "./error-code.js";
import type { RequestHeaders } from "./extended-headers.js";
import { clientPreface, maxStreamId } from "./frame.js";
import type { HeaderList } from "./header-list.js";
import { Keepalive } from "./keepalive.js";
import { LendingSocket } from "./lending-socket.js";
import { type ConnectionLimits, type ConnectionOptions, resolveLimits } from "./limits.js";
import { Pings } from "./pings.js";
import { Receiver, type ReceiverHost } from "./receiver.js";
import { Sender } from "./sender.js";
import { initialWindowBytes } from "./settings.js";
import type { Http2Stream, StreamEvents } from "./stream.js";
import { StreamTable } from "./stream-table.js";

/** Called for each request, in the server role. The stream may be answered at once. Must not throw. */
export type StreamHandler = (stream: Http2Stream, headers: HeaderList, endStream: boolean) => StreamEvents;

/** How often within its timeout an unread answer is looked at: it ends at most a third of it late. */
const unreadLooks = 3;

type ConnectionState =
  | { readonly kind: "open" }
  /** No new streams; the open ones finish. */
  | { readonly kind: "draining"; readonly reason: Error | undefined }
  /** GOAWAY is sent, every stream has ended, the socket is being closed. */
  | { readonly kind: "closing"; readonly reason: Error | undefined }
  | { readonly kind: "closed"; readonly reason: Error | undefined };

/**
 * An HTTP/2 connection over a socket, either role (RFC 9113). It reads whatever the state of its own writing, so two
 * ends that both have much to send cannot block each other.
 */
export class Http2Connection {
  readonly #role: "client" | "server";
  readonly #socket: Duplex;
  readonly #limits: ConnectionLimits;
  readonly #sender: Sender;
  readonly #streams: StreamTable;
  readonly #receiver: Receiver;
  readonly #pings: Pings;
  readonly #closed = Promise.withResolvers<void>();
  readonly #ready = Promise.withResolvers<void>();
  #state: ConnectionState = { kind: "open" };
  /** Streams above it are refused, once a drain has told the peer so. */
  #lastAcceptedId = maxStreamId;
  #handshakeTimer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #unreadTimer: NodeJS.Timeout | undefined;
  #idleSinceMs = 0;
  #age: ConnectionAge | undefined;
  #keepalive: Keepalive | undefined;
  /**
   * Called once, when the socket is closed. The reason is undefined when nothing went wrong, and a ConnectionFault when
   * it ended for what the peer did.
   */
  onClose: ((reason: Error | undefined) => void) | undefined;
  /** Called when a stream was ended, or not begun, for what the peer did. Must not throw. */
  onStreamFault: ((errorCode: number) => void) | undefined;

  /** Called after bytes went to the socket or were dropped: fewer may be buffered. */
  set onSent(onSent: () => void) {
    this.#sender.onSent = onSent;
  }

  /** Serves the connection of a client. The preface must still be unread. */
  static accept(socket: Duplex, options: ConnectionOptions, onStream: StreamHandler): Http2Connection {
    return new Http2Connection("server", socket, options, onStream);
  }

  /** Opens a connection to a server over a connected socket; the preface is sent at once. */
  static connect(socket: Duplex, options: ConnectionOptions): Http2Connection {
    return new Http2Connection("client", socket, options, () => {
      throw new Error("a client accepts no streams");
    });
  }

  private constructor(role: "client" | "server", socket: Duplex, options: ConnectionOptions, onStream: StreamHandler) {
    this.#role = role;
    this.#socket = socket;
    this.#limits = resolveLimits(options);
    this.#sender = new Sender(socket, this.#limits);
    this.#streams = new StreamTable(role, this.#limits, this.#sender);
    this.#streams.onEnded = (end) => this.#onStreamEnded(end);
    this.#pings = new Pings((payload) => this.#sender.ping(payload, false));
    this.#receiver = new Receiver(role, this.#limits, {
      sender: this.#sender,
      streams: this.#streams,
      host: this.#host(onStream),
    });
    this.#ready.promise.catch(() => {});
    this.#begin();
  }

  /** Streams and waiting requests that have not ended. */
  get streamsOpen(): number {
    return this.#streams.count;
  }

  /** Bytes of all streams that wait for a window or the socket. */
  get bufferedBytes(): number {
    return this.#sender.bufferedBytes;
  }

  /** Whether `request` may be called. */
  get isOpen(): boolean {
    return this.#state.kind === "open" && !this.#streams.isExhausted;
  }

  /** Fulfilled when the socket is closed. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Fulfilled when the peer's first SETTINGS have come: it speaks HTTP/2. Rejects when the connection closes before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Starts a request, in the client role. Above the peer's MAX_CONCURRENT_STREAMS it waits for its turn.
   * @throws ConnectionClosedError when the connection takes no new request
   */
  request(headers: RequestHeaders, endStream: boolean, events: StreamEvents): Http2Stream {
    if (!this.isOpen) throw new ConnectionClosedError(`the connection is ${this.#state.kind}`);
    return this.#streams.request(headers, endStream, events);
  }

  /** The round-trip time in ms. Rejects when the answer does not come in time or the connection closes. */
  ping(timeoutMs: number): Promise<number> {
    if (this.#state.kind === "closing" || this.#state.kind === "closed") {
      return Promise.reject(new ConnectionClosedError("the connection is closed"));
    }
    return this.#pings.send(timeoutMs);
  }

  /**
   * RFC 9113 section 6.8: takes no new streams, lets the open ones finish, closes. A server first tells the peer and
   * waits a round trip, so that requests already under way are still served.
   */
  async drain(): Promise<void> {
    await this.#drain(undefined);
    return this.#closed.promise;
  }

  /** GOAWAY with the code, then closes; every stream is lost. */
  destroy(errorCode: number = Http2ErrorCode.NO_ERROR): void {
    this.#close(errorCode, undefined);
  }

  #host(onStream: StreamHandler): ReceiverHost {
    return {
      acceptsStream: (id) => id <= this.#lastAcceptedId,
      onStream,
      onFirstSettings: () => {
        clearTimeout(this.#handshakeTimer);
        this.#ready.resolve();
      },
      onGoaway: (lastStreamId, errorCode, text) => this.#onGoaway(lastStreamId, errorCode, text),
      onPingAck: (payload) => this.#pings.onAck(payload),
      onStreamFault: (errorCode) => this.onStreamFault?.(errorCode),
    };
  }

  /** RFC 9113 section 3.4. */
  #begin(): void {
    const limits = this.#limits;
    if (this.#role === "client") this.#sender.raw(clientPreface);
    this.#sender.settings({
      enablePush: this.#role === "client" ? 0 : undefined,
      maxConcurrentStreams: this.#role === "server" ? limits.maxConcurrentStreams : undefined,
      initialWindowBytes: limits.streamWindowBytes,
      maxFrameBytes: limits.maxFrameBytes,
      maxHeaderListBytes: limits.maxHeaderListBytes,
    });
    const credit = limits.connectionWindowBytes - initialWindowBytes;
    if (credit > 0) this.#sender.windowUpdate(0, credit);
    this.#handshakeTimer = setTimeout(() => {
      const text = "the peer's SETTINGS did not come in time";
      this.#fail(new ConnectionFault(Http2ErrorCode.SETTINGS_TIMEOUT, text, "handshake_timeout"));
    }, limits.prefaceTimeoutMs);
    this.#watchIdle();
    this.#watchAge();
    this.#watchPeer();
    this.#watchUnread();
    if (this.#socket instanceof Socket) this.#socket.setNoDelay(true);
    if (this.#socket.destroyed) queueMicrotask(() => this.#onSocketClosed());
    if (this.#socket instanceof LendingSocket) this.#socket.lendTo((chunk) => this.#onChunk(chunk));
    else this.#socket.on("data", (chunk: Buffer) => this.#onChunk(chunk));
    this.#socket.on("end", () => this.#onSocketGone(undefined));
    this.#socket.on("error", (error) => this.#onSocketGone(error));
    this.#socket.on("close", () => this.#onSocketClosed());
  }

  #onChunk(chunk: Buffer): void {
    if (this.#state.kind === "closing" || this.#state.kind === "closed") return;
    this.#keepalive?.heard();
    this.#orFail(() => this.#receiver.push(chunk));
  }

  #orFail(receive: () => void): void {
    try {
      receive();
    } catch (error) {
      if (!(error instanceof ConnectionFault)) throw error;
      this.#fail(error);
    }
  }

  #fail(fault: ConnectionFault): void {
    this.#close(fault.code, fault);
  }

  #onGoaway(lastStreamId: number, errorCode: number, text: string): void {
    if (this.#role === "client") {
      if (this.#state.kind === "open") this.#state = { kind: "draining", reason: undefined };
      this.#streams.refuseAbove(lastStreamId);
    }
    if (errorCode !== Http2ErrorCode.NO_ERROR) {
      const reason = new ConnectionClosedError(
        `the peer closed the connection: ${errorCodeName(errorCode)} ${text}`.trimEnd(),
      );
      this.#close(Http2ErrorCode.NO_ERROR, reason);
    } else if (this.#role === "client") {
      this.#closeWhenIdle();
    }
  }

  async #drain(reason: Error | undefined): Promise<void> {
    if (this.#state.kind !== "open") return;
    this.#state = { kind: "draining", reason };
    if (this.#role === "server") await this.#announceDrain();
    else this.#sender.goaway(0, Http2ErrorCode.NO_ERROR, "");
    this.#closeWhenIdle();
  }

  async #announceDrain(): Promise<void> {
    this.#sender.goaway(maxStreamId, Http2ErrorCode.NO_ERROR, "");
    await this.#pings.send(this.#limits.drainPingTimeoutMs).catch(() => {});
    if (this.#state.kind !== "draining") return;
    this.#lastAcceptedId = this.#streams.lastRemoteId;
    this.#sender.goaway(this.#lastAcceptedId, Http2ErrorCode.NO_ERROR, "");
  }

  #onStreamEnded(end: StreamEnd): void {
    if (end === "finished") this.#receiver.streamFinished();
    if (this.#streams.count > 0) return;
    this.#idleSinceMs = performance.now();
    if (this.#state.kind === "draining") this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    const announced = this.#role === "client" || this.#lastAcceptedId < maxStreamId;
    if (this.#state.kind === "draining" && this.#streams.count === 0 && announced) {
      this.#end({ kind: "closing", reason: this.#state.reason });
    }
  }

  #watchIdle(): void {
    const { idleTimeoutMs } = this.#limits;
    if (idleTimeoutMs === 0) return;
    this.#idleSinceMs = performance.now();
    this.#idleTimer = setInterval(() => {
      if (this.#streams.count > 0 || performance.now() - this.#idleSinceMs < idleTimeoutMs) return;
      void this.#drain(new ConnectionFault(Http2ErrorCode.NO_ERROR, "no stream for too long", "idle_timeout"));
    }, idleTimeoutMs).unref();
  }

  #watchAge(): void {
    const { maxConnectionAgeMs, maxConnectionAgeGraceMs } = this.#limits;
    if (maxConnectionAgeMs === 0) return;
    this.#age = new ConnectionAge({
      maxAgeMs: maxConnectionAgeMs,
      graceMs: maxConnectionAgeGraceMs,
      onOld: () => void this.drain(),
      onOverdue: () => this.destroy(),
    });
  }

  #watchPeer(): void {
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = this.#limits;
    if (keepaliveIntervalMs === 0) return;
    this.#keepalive = new Keepalive({
      intervalMs: keepaliveIntervalMs,
      ask: () => this.ping(keepaliveTimeoutMs),
      onDead: () =>
        this.#fail(new ConnectionFault(Http2ErrorCode.NO_ERROR, "the peer answers no ping", "keepalive_timeout")),
    });
  }

  #watchUnread(): void {
    const { unreadTimeoutMs } = this.#limits;
    if (unreadTimeoutMs === 0) return;
    const everyMs = Math.ceil(unreadTimeoutMs / unreadLooks);
    this.#unreadTimer = setInterval(() => this.#orFail(() => this.#receiver.endUnread(unreadLooks)), everyMs).unref();
  }

  #close(errorCode: number, reason: Error | undefined): void {
    if (this.#state.kind === "closing" || this.#state.kind === "closed") return;
    this.#sender.goaway(this.#streams.lastRemoteId, errorCode, reason?.message ?? "");
    this.#end({ kind: "closing", reason });
  }

  /** Our last bytes go out; then the socket reads on a little so that the peer gets them before a TCP reset. */
  #end(state: ConnectionState & { kind: "closing" }): void {
    this.#state = state;
    this.#release(state.reason);
    this.#sender.finish();
    const linger = setTimeout(() => this.#socket.destroy(), this.#limits.lingerMs);
    this.#socket.once("close", () => clearTimeout(linger));
  }

  /** The peer ended its side or the socket broke: nothing more can be answered. */
  #onSocketGone(error: Error | undefined): void {
    if (this.#state.kind === "open" || this.#state.kind === "draining") {
      this.#state = { kind: "closing", reason: error };
      this.#release(error);
    }
    this.#sender.abandon();
    this.#socket.destroy();
  }

  #onSocketClosed(): void {
    this.#onSocketGone(undefined);
    if (this.#state.kind !== "closing") return;
    const { reason } = this.#state;
    this.#state = { kind: "closed", reason };
    this.#closed.resolve();
    this.onClose?.(reason);
  }

  #release(reason: Error | undefined): void {
    clearTimeout(this.#handshakeTimer);
    clearInterval(this.#idleTimer);
    this.#age?.stop();
    this.#keepalive?.stop();
    clearInterval(this.#unreadTimer);
    this.#receiver.stop();
    const closed = new ConnectionClosedError("the connection was closed", { cause: reason });
    this.#ready.reject(closed);
    this.#pings.rejectAll(closed);
    this.#streams.loseAll();
  }
}
