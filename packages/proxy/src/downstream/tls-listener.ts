import { constants } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type SecureContextOptions, type TLSSocket } from "node:tls";
import type { TlsConfig } from "../config/tls.js";
import type { TlsMaterial } from "../config/tls-files.js";
import {
  type ConnectionHandlers,
  defaultConnectionsMax,
  defaultHandshakeTimeoutMs,
  type Listener,
  type ListenerOptions,
  sniff,
  whenServing,
} from "./listener.js";
import { admit } from "./principal.js";

/** Why a client did not get through the handshake. */
export type HandshakeFailure =
  | "timeout"
  | "not_tls"
  | "version"
  | "protocol"
  | "client_certificate"
  | "no_client_certificate"
  | "rejected_by_client"
  | "connection_lost"
  | "other";

/** How the port is encrypted. */
export type TlsPolicy = Pick<TlsConfig, "clientCertificates" | "minVersion">;

export interface TlsListenerOptions extends ListenerOptions {
  readonly policy: TlsPolicy;
  readonly material: TlsMaterial;
  /** Told when a client did not get through the handshake. */
  onHandshakeFailed?(reason: HandshakeFailure, remoteAddress: string | undefined): void;
}

/** The data port, encrypted. */
export interface TlsListener extends Listener {
  /** Uses other certificates for handshakes from now on. Connections that are open stay as they are. */
  use(material: TlsMaterial): void;
}

/** Like `openListener`, over TLS: ALPN tells what a connection speaks; of a client without ALPN, its first bytes. */
export async function openTlsListener(
  at: { host: string; port: number },
  handlers: ConnectionHandlers,
  options: TlsListenerOptions,
): Promise<TlsListener> {
  const { policy } = options;
  const timeoutMs = options.handshakeTimeoutMs ?? defaultHandshakeTimeoutMs;
  const handshakes = new Handshakes(timeoutMs, options);
  const silent = new Set<Socket>();
  const server = createServer({
    ...secureContextOf(policy, options.material),
    noDelay: true,
    allowHalfOpen: true,
    ALPNProtocols: ["h2", "http/1.1"],
    requestCert: policy.clientCertificates !== "none",
    // `admit` decides, so that what it refuses can be counted by reason.
    rejectUnauthorized: false,
  });
  server.maxConnections = options.connectionsMax ?? defaultConnectionsMax;
  server.on("drop", () => options.onConnectionClosed?.("too_many_connections"));
  server.on("connection", (socket) => handshakes.begin(socket));
  server.on("tlsClientError", (error, socket) => handshakes.fail(socket, failureOf(error)));
  server.on("secureConnection", (socket) => {
    const admission = admit(policy.clientCertificates, {
      certificate: socket.getPeerX509Certificate(),
      isVerified: socket.authorized,
    });
    if (admission.kind === "refused") {
      handshakes.fail(socket, admission.reason);
      socket.on("error", () => {}).destroySoon();
      return;
    }
    handshakes.end(socket);
    void whenServing(socket, options.servingFrom, () => handOver(socket, admission.principal));
  });
  const handOver = (socket: TLSSocket, principal: string | undefined) => {
    if (socket.alpnProtocol === "h2") {
      socket.allowHalfOpen = false;
      handlers.onHttp2(socket, principal);
    } else if (socket.alpnProtocol === "http/1.1") {
      handlers.onHttp1(socket, principal);
    } else {
      silent.add(socket);
      sniff(socket, timeoutMs, (protocol) => {
        silent.delete(socket);
        if (protocol === "http1") handlers.onHttp1(socket, principal);
        else if (protocol === "http2") handlers.onHttp2(socket, principal);
        else if (protocol !== "gone") options.onConnectionClosed?.(protocol);
      });
    }
  };
  server.listen(at);
  await once(server, "listening");
  // A connection that could not be accepted, such as for want of file descriptors, is no reason to stop serving the others.
  server.on("error", () => {});
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    use: (material) => server.setSecureContext(secureContextOf(policy, material)),
    close() {
      server.close();
      handshakes.close();
      for (const socket of silent) socket.destroy();
    },
  };
}

interface Handshake {
  readonly socket: Socket;
  readonly timer: NodeJS.Timeout;
  failure: HandshakeFailure | undefined;
}

/** The handshakes under way. Each has a time that ends, however busy its client looks: Node's own timeout begins anew with every byte. */
class Handshakes {
  readonly #timeoutMs: number;
  readonly #options: Pick<TlsListenerOptions, "onHandshakeFailed">;
  /** By the client's address: the encrypted socket has the same as the one beneath. */
  readonly #underWay = new Map<string, Handshake>();

  constructor(timeoutMs: number, options: Pick<TlsListenerOptions, "onHandshakeFailed">) {
    this.#timeoutMs = timeoutMs;
    this.#options = options;
  }

  begin(socket: Socket): void {
    const key = keyOf(socket);
    const timer = setTimeout(() => {
      handshake.failure = "timeout";
      socket.destroy();
    }, this.#timeoutMs);
    const handshake: Handshake = { socket, timer, failure: undefined };
    const { remoteAddress } = socket;
    this.#underWay.set(key, handshake);
    socket.once("close", () => {
      if (this.#underWay.get(key) !== handshake) return;
      this.#remove(key, handshake);
      this.#options.onHandshakeFailed?.(handshake.failure ?? "connection_lost", remoteAddress);
    });
  }

  /** The handshake failed; its connection is about to close. */
  fail(socket: Socket, failure: HandshakeFailure): void {
    const handshake = this.#underWay.get(keyOf(socket));
    if (handshake !== undefined) handshake.failure ??= failure;
  }

  /** The handshake succeeded. */
  end(socket: Socket): void {
    const key = keyOf(socket);
    const handshake = this.#underWay.get(key);
    if (handshake !== undefined) this.#remove(key, handshake);
  }

  close(): void {
    for (const { socket } of this.#underWay.values()) socket.destroy();
  }

  #remove(key: string, { timer }: Handshake): void {
    clearTimeout(timer);
    this.#underWay.delete(key);
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function secureContextOf({ clientCertificates, minVersion }: TlsPolicy, material: TlsMaterial): SecureContextOptions {
  return {
    cert: material.cert,
    key: material.key,
    minVersion,
    ...(material.clientCa !== undefined && { ca: material.clientCa }),
    // A resumed session would carry an identity over that was verified against what may be outdated by now.
    ...(clientCertificates !== "none" && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

const failureByCode: Readonly<Record<string, HandshakeFailure>> = {
  ECONNRESET: "connection_lost",
  ERR_SSL_HTTP_REQUEST: "not_tls",
  ERR_SSL_HTTPS_PROXY_REQUEST: "not_tls",
  ERR_SSL_WRONG_VERSION_NUMBER: "not_tls",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "not_tls",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "version",
  ERR_SSL_NO_APPLICATION_PROTOCOL: "protocol",
};

function failureOf(error: NodeJS.ErrnoException): HandshakeFailure {
  const code = error.code ?? "";
  return failureByCode[code] ?? (code.includes("_ALERT_") ? "rejected_by_client" : "other");
}
