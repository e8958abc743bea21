import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { lendingSocket } from "@prism-data/transport";
import { sniffProtocol } from "./protocol-sniffer.js";

/** Who takes a connection over once it is known what it speaks. All bytes are still unread then. */
export interface ConnectionHandlers {
  /** `principal`: who the client's certificate says it is; `undefined` without one. */
  onHttp2(socket: Socket, principal: string | undefined): void;
  onHttp1(socket: Socket, principal: string | undefined): void;
}

export interface ListenerOptions {
  /** Connections beyond this many are closed at once. Default: {@link defaultConnectionsMax}. */
  connectionsMax?: number;
  /** How long a new connection may take until it is known what it speaks. Default: {@link defaultHandshakeTimeoutMs}. */
  handshakeTimeoutMs?: number;
  /** When connections begin to be served: those that come earlier wait unread, and none is refused. Default: at once. */
  servingFrom?: Promise<void>;
  /** Told when a connection was closed before it was handed over. */
  onConnectionClosed?(reason: EarlyCloseReason): void;
}

/** Why a connection was closed before it was known what it speaks. */
export type EarlyCloseReason = "too_many_connections" | "handshake_timeout" | "unknown_protocol";

/** The data port. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Stops accepting at once. Connections that were handed over stay open; those that never spoke are closed. */
  close(): void;
}

/** As many as a process may have open with the usual limit of 16,384 files and room for everything else. */
export const defaultConnectionsMax = 12_000;

/** Long enough for the slowest honest client to send one packet; short enough that silent connections do not pile up. */
export const defaultHandshakeTimeoutMs = 10_000;

/** Opens the one port that serves gRPC over HTTP/2 and JSON over HTTP/1.1, and tells the two apart by their first bytes. */
export async function openListener(
  at: { host: string; port: number },
  handlers: ConnectionHandlers,
  options: ListenerOptions = {},
): Promise<Listener> {
  const silent = new Set<Socket>();
  const timeoutMs = options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs;
  // Half-open, as node:http expects: a client may end its side after the request and still wants the answer.
  const server = createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    const socket = lendingSocket(accepted);
    silent.add(socket);
    void whenServing(socket, options.servingFrom, () =>
      sniff(socket, timeoutMs, (protocol) => {
        silent.delete(socket);
        if (protocol === "http1") handlers.onHttp1(socket, undefined);
        else if (protocol === "http2") handlers.onHttp2(socket, undefined);
        else if (protocol !== "gone") options.onConnectionClosed?.(protocol);
      }),
    );
  });
  server.maxConnections = options.connectionsMax ?? defaultConnectionsMax;
  server.on("drop", () => options.onConnectionClosed?.("too_many_connections"));
  server.listen(at);
  await once(server, "listening");
  // A connection that could not be accepted, such as for want of file descriptors, is no reason to stop serving the others.
  server.on("error", () => {});
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    close() {
      server.close();
      for (const socket of silent) socket.destroy();
    },
  };
}

/** Lets a connection wait until it is served; it may have gone by then. */
export async function whenServing(
  socket: Socket,
  servingFrom: Promise<void> | undefined,
  serve: () => void,
): Promise<void> {
  const ignore = () => {};
  socket.on("error", ignore);
  await servingFrom;
  socket.off("error", ignore);
  serve();
}

/** What a connection turned out to speak, or why it was closed before that was known; `gone`: its client closed it. */
type SniffOutcome = "http2" | "http1" | "handshake_timeout" | "unknown_protocol" | "gone";

/** Calls `done` exactly once. A connection that speaks nothing served here is closed then. */
export function sniff(socket: Socket, timeoutMs: number, done: (outcome: SniffOutcome) => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const onData = (chunk: Buffer) => {
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const protocol = sniffProtocol(seen);
    if (protocol === "neither") giveUp("unknown_protocol");
    else if (protocol !== "unknown-yet") handOver(protocol);
  };
  const onGone = () => giveUp("gone");
  const giveUp = (outcome: SniffOutcome) => {
    stopListening();
    socket.destroy();
    done(outcome);
  };
  const timer = setTimeout(() => giveUp("handshake_timeout"), timeoutMs);
  const stopListening = () => {
    clearTimeout(timer);
    socket.off("data", onData).off("end", onGone).off("error", onGone).off("close", onGone);
  };
  const handOver = (protocol: "http2" | "http1") => {
    stopListening();
    socket.pause();
    socket.unshift(seen);
    if (protocol === "http2") socket.allowHalfOpen = false;
    done(protocol);
    socket.resume();
  };
  socket.on("data", onData).on("end", onGone).on("error", onGone).on("close", onGone);
}
