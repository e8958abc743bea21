import type { Connection } from "./connection.js";
import { payloadTooSmall } from "./errors.js";

const kib = 1_024;

/** NATS takes messages of 1 MiB unless it is told otherwise, and headers count: these may take 64 KiB. */
const messageBytesMax = 1_024 * kib;
export const payloadBytesMax = messageBytesMax - 64 * kib;

/** Throws when the server takes smaller messages than the plugin declares. */
export function checkPayload({ live, address }: Connection): void {
  const maxPayloadBytes = live.info?.max_payload ?? messageBytesMax;
  if (maxPayloadBytes < messageBytesMax) throw payloadTooSmall(address, maxPayloadBytes, messageBytesMax);
}
