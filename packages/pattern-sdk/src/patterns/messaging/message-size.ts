import type { Message } from "./message.js";

/**
 * The bytes that a message counts for, wherever bytes of messages are bounded: id, key, content type, names and values of headers,
 * and payload. Pure.
 */
export function messageSizeBytes({ id, key, headers, contentType, payload }: Message): number {
  let sizeBytes = Buffer.byteLength(id) + Buffer.byteLength(key) + Buffer.byteLength(contentType) + payload.length;
  for (const { name, value } of headers) sizeBytes += Buffer.byteLength(name) + value.length;
  return sizeBytes;
}
