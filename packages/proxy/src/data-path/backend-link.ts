import type { Socket } from "node:net";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import {
  Http2Connection,
  Http2ErrorCode,
  type Http2Stream,
  LendingSocket,
  type RequestHeaders,
  type StreamEvents,
  unixSocketOptions,
} from "@prism-data/transport";
import type { PluginEndpoint } from "../messages.js";
import type { Logger } from "../telemetry/log.js";
import { Cancellations } from "./cancellations.js";
import { type Failure, failureOf } from "./failure.js";
import { reconnectPauseMs, upstreamWindowBytes } from "./limits.js";
import { NamespaceGate } from "./namespace-gate.js";
import type { PluginCredentials } from "./upstream-headers.js";

/** What a link tells its backend. */
export interface LinkEvents {
  /** Calls wait for a namespace that the plugin is still to bind. */
  onAwaited(link: BackendLink, namespace: string): void;
  /** New calls may be sent. After a lost connection it is told again. */
  onConnected(link: BackendLink): void;
  /** The last call on it ended. */
  onIdle(link: BackendLink): void;
}

/** Counts the calls that were sent. */
export interface CallCount {
  calls: number;
}

type LinkState =
  /** Waiting for the next attempt, for the socket, or for the plugin's first frame. */
  | { kind: "connecting"; pauseMs: number; giveUp: () => void }
  | { kind: "connected"; connection: Http2Connection }
  /** Nothing is sent any more. Calls on it finish or were lost. */
  | { kind: "closed" };

/** The connection to one plugin process: one HTTP/2 connection over its Unix socket, made again for as long as the process lives. */
export class BackendLink implements PluginCredentials {
  readonly backend: string;
  readonly instance: number;
  readonly replica: number;
  readonly authorization: string | undefined;
  /** Which calls may be sent. */
  readonly gate: NamespaceGate;
  readonly #path: string;
  readonly #events: LinkEvents;
  readonly #log: Logger;
  readonly #sent: CallCount;
  /** Including those that only finish: a plugin may end a connection with GOAWAY at any time. */
  readonly #connections = new Set<Http2Connection>();
  /** Not there: the plugin is told at once. */
  readonly #cancellations: Cancellations | undefined;
  #state: LinkState;
  #calls = 0;
  #lost: Failure | undefined;

  constructor(
    plugin: { backend: string; instance: number; replica: number } & PluginEndpoint,
    { events, log, calls }: { events: LinkEvents; log: Logger; calls: CallCount },
  ) {
    this.backend = plugin.backend;
    this.instance = plugin.instance;
    this.replica = plugin.replica;
    this.#sent = calls;
    this.authorization = plugin.token === undefined ? undefined : `Bearer ${plugin.token}`;
    this.gate = new NamespaceGate((namespace) => events.onAwaited(this, namespace));
    this.#path = plugin.socket;
    this.#events = events;
    this.#log = log;
    this.#cancellations = plugin.takesCancels ? undefined : new Cancellations(() => performance.now());
    this.#state = this.#connecting(0);
  }

  /** Calls in flight. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether a call can be sent now. */
  get isOpen(): boolean {
    return this.#state.kind === "connected" && this.#state.connection.isOpen;
  }

  /** Makes a new connection when the plugin has ended the one there was (GOAWAY), while calls on the old one finish. */
  renew(): void {
    if (this.#state.kind === "connected" && !this.#state.connection.isOpen) this.#state = this.#connecting(0);
  }

  /** How calls end that were on it when it was lost. The same for all of them: there may be thousands. */
  get lost(): Failure {
    this.#lost ??= failureOf(
      new GatewayError(
        "PLUGIN_CRASHED",
        `The plugin process of backend "${this.backend}" ended, or its connection broke, while it held the call. It is started again; repeat the call if that is safe.`,
        { metadata: { backend: this.backend } },
      ),
    );
    return this.#lost;
  }

  /** Sends a call. Throws ConnectionClosedError when `isOpen` is false. Each is followed by exactly one `leave`. */
  request(headers: RequestHeaders, endStream: boolean, events: StreamEvents): Http2Stream {
    if (this.#state.kind !== "connected") throw new Error("a call was sent on a link that is not connected");
    const stream = this.#state.connection.request(headers, endStream, events);
    this.#calls += 1;
    this.#sent.calls += 1;
    return stream;
  }

  /** A call is over for its app; the plugin is told if it goes on there. No event comes from the stream any more. */
  leave(stream: Http2Stream): void {
    // What still waits for the plugin's MAX_CONCURRENT_STREAMS is not known to it.
    if (stream.isClosed || stream.id === 0 || this.#cancellations === undefined) stream.reset(Http2ErrorCode.CANCEL);
    else this.#cancellations.add(stream);
    this.#calls -= 1;
    if (this.#calls === 0) this.#events.onIdle(this);
  }

  /** Takes no new calls; those in flight finish. */
  retire(): void {
    this.#stopConnecting();
    this.#state = { kind: "closed" };
    this.#cancellations?.flush();
    for (const connection of this.#connections) void connection.drain();
  }

  /** The process is gone: calls in flight are lost now, without waiting for the socket to say so. */
  close(): void {
    this.#stopConnecting();
    this.#state = { kind: "closed" };
    for (const connection of this.#connections) connection.destroy();
    this.#cancellations?.flush();
  }

  #stopConnecting(): void {
    if (this.#state.kind === "connecting") this.#state.giveUp();
  }

  #connecting(pauseMs: number): LinkState {
    let socket: Socket | undefined;
    const timer = setTimeout(() => {
      socket = new LendingSocket().connect(this.#path);
      socket.once("error", (error) => this.#onFailed(state, error));
      socket.once("connect", () => this.#onSocket(state, socket!));
    }, pauseMs);
    const giveUp = () => {
      clearTimeout(timer);
      socket?.destroy();
    };
    const state: LinkState = { kind: "connecting", pauseMs, giveUp };
    return state;
  }

  /**
   * A socket that connects proves nothing: the kernel accepts for a process that is being killed. Only its first frame shows
   * that the plugin is there to take calls.
   */
  #onSocket(state: LinkState, socket: Socket): void {
    const connection = Http2Connection.connect(socket, {
      ...unixSocketOptions,
      streamWindowBytes: upstreamWindowBytes,
    });
    this.#connections.add(connection);
    connection.onClose = (reason) => this.#onClosed(connection, reason);
    connection.ready.then(
      () => this.#onReady(state, connection),
      (error: Error) => this.#onFailed(state, error),
    );
  }

  #onReady(state: LinkState, connection: Http2Connection): void {
    if (this.#state !== state) return;
    this.#state = { kind: "connected", connection };
    this.#events.onConnected(this);
  }

  #onFailed(state: LinkState, error: Error): void {
    if (this.#state !== state || state.kind !== "connecting") return;
    const { backend, instance } = this;
    this.#log.debug({ backend, instance, err: error }, "could not connect to a plugin that is ready");
    const { first, longest } = reconnectPauseMs;
    this.#state = this.#connecting(Math.min(longest, Math.max(first, state.pauseMs * 2)));
  }

  #onClosed(connection: Http2Connection, reason: Error | undefined): void {
    this.#connections.delete(connection);
    if (this.#state.kind !== "connected" || this.#state.connection !== connection) return;
    const { backend, instance } = this;
    this.#log.debug({ backend, instance, err: reason }, "connection to plugin lost");
    this.#state = this.#connecting(reconnectPauseMs.first);
  }
}
