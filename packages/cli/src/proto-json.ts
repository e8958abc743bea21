import { msFromTimestamp } from "@prism-data/pattern-sdk/protocol";

/** Bytes as proto3 JSON has them. */
export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** A time as proto3 JSON has it, in whole milliseconds. */
export function rfc3339(time: Parameters<typeof msFromTimestamp>[0]): string {
  return new Date(msFromTimestamp(time)).toISOString();
}
