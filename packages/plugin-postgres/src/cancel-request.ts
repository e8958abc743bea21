import { type Client, type ClientConfig, Connection as Wire } from "pg";

/** What of the driver a cancel request needs. Source: pg's lib/client.js and lib/connection.js. */
interface Cancellable {
  readonly processID: number;
  readonly secretKey: number;
}
interface CancellingWire extends Wire {
  connect(port: number, host: string): void;
  requestSsl(): void;
  cancel(processId: number, secretKey: number): void;
}

/**
 * Asks the server to stop what a connection runs, on a connection of its own as the protocol has it. Settles when the server has taken note,
 * or after `timeoutMs`; never rejects. Whether something was stopped shows on the connection that ran it.
 */
export async function requestCancel(client: Client, config: ClientConfig, timeoutMs: number): Promise<void> {
  const wire = new Wire(config.ssl ? { ssl: config.ssl } : {}) as CancellingWire;
  const { processID, secretKey } = client as unknown as Cancellable;
  const ended = Promise.withResolvers<void>();
  const cancel = () => wire.cancel(processID, secretKey);
  wire.on("connect", config.ssl ? () => wire.requestSsl() : cancel);
  wire.on("sslconnect", cancel);
  wire.on("error", () => ended.resolve());
  wire.on("end", () => ended.resolve());
  const timer = setTimeout(ended.resolve, timeoutMs);
  wire.connect(config.port!, config.host!);
  await ended.promise;
  clearTimeout(timer);
  wire.stream.destroy();
}
