import { frameMessage, messagePrefix } from "./message-reader.js";
import type { Http2Stream } from "./stream.js";

/** Below this, prefix and message in one copy cost less than two pieces. */
const copyBelowBytes = 4096;

/** Sends one message; a large one is not copied and must not change until sent. False: wait for onWritable. */
export function sendMessage(stream: Http2Stream, message: Uint8Array, endStream: boolean): boolean {
  if (message.length < copyBelowBytes) return stream.sendData(frameMessage(message), endStream);
  stream.sendData(messagePrefix(message.length), false);
  return stream.sendData(message, endStream);
}
