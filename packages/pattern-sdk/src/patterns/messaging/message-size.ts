import type { Message } from "./message.js";

/**
 * The bytes that a message counts for, wherever bytes of messages are bounded: id, key, content type, names and values of headers,
 * and payload. Pure.
 */
export function messageSizeBytes({ id, key, headers, contentType, payload }: Message): number {
  let sizeBytes = textBytes(id) + textBytes(key) + textBytes(contentType) + payload.length;
  for (const { name, value } of headers) sizeBytes += textBytes(name) + value.length;
  return sizeBytes;
}

/** Most texts are empty, and need no call to be counted. */
function textBytes(text: string): number {
  return text === "" ? 0 : Buffer.byteLength(text);
}
