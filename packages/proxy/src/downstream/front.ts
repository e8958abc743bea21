import type { Config } from "../config/config.js";
import type { TlsConfig } from "../config/tls.js";
import { readTlsFiles } from "../config/tls-files.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { type ConnectionHandlers, type Listener, type ListenerOptions, openListener } from "./listener.js";
import { openTlsListener } from "./tls-listener.js";
import { TlsRotation, type TlsStatus } from "./tls-rotation.js";

/** The data port as it is configured: encrypted or not. */
export interface Front extends Listener {
  /** `undefined`: it is not encrypted. */
  readonly tls: TlsStatus | undefined;
}

export interface FrontOptions {
  readonly handlers: ConnectionHandlers;
  /** When connections begin to be served. */
  readonly servingFrom: Promise<void>;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Opens the data port. */
export async function openFront(
  config: Pick<Config, "listen" | "tls" | "limits">,
  options: FrontOptions,
): Promise<Front> {
  const { connections, handshakeTimeoutMs } = config.limits;
  const listening: ListenerOptions = {
    connectionsMax: connections,
    handshakeTimeoutMs,
    servingFrom: options.servingFrom,
    onConnectionClosed: (reason) => options.metrics.connectionClosed(reason),
  };
  if (config.tls !== undefined) return await openEncrypted(config.listen, config.tls, { ...options, listening });
  return { ...(await openListener(config.listen, options.handlers, listening)), tls: undefined };
}

async function openEncrypted(
  at: Config["listen"],
  config: TlsConfig,
  { handlers, metrics, log, listening }: FrontOptions & { listening: ListenerOptions },
): Promise<Front> {
  const now = () => Date.now();
  const read = await readTlsFiles(config, now());
  // They were usable when the configuration was read, a moment ago.
  if ("problems" in read) throw new Error(read.problems.map(({ message }) => message).join("; "));
  const { material } = read;
  const listener = await openTlsListener(at, handlers, {
    ...listening,
    policy: config,
    material,
    onHandshakeFailed: (reason, remoteAddress) => {
      metrics.tlsHandshakeFailed(reason);
      log.debug({ reason, remoteAddress }, "connection ended in the TLS handshake");
    },
  });
  const use = listener.use;
  const rotation = new TlsRotation({ config, material, use, metrics, log, now });
  return {
    host: listener.host,
    port: listener.port,
    get tls() {
      return rotation.status;
    },
    close() {
      rotation[Symbol.dispose]();
      listener.close();
    },
  };
}
