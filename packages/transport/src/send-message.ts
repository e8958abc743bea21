import { frameMessage, messagePrefix } from "./message-reader.js";
import type { Http2Stream } from "./stream.js";

/** Below this, prefix and message in one copy cost less than two pieces. */
const copyBelowBytes = 4096;

/** One message, whole or in the pieces that it is made of: a large value need not be copied to stand in a message. */
export type OutgoingMessage = Uint8Array | readonly Uint8Array[];

function messageBytes(message: OutgoingMessage): number {
  if (message instanceof Uint8Array) return message.length;
  return message.reduce((sizeBytes, piece) => sizeBytes + piece.length, 0);
}

/** Sends one message; a large one is not copied and must not change until sent. False: wait for onWritable. */
export function sendMessage(stream: Http2Stream, message: OutgoingMessage, endStream: boolean): boolean {
  if (!(message instanceof Uint8Array)) return sendPieces(stream, message, endStream);
  if (message.length < copyBelowBytes) return stream.sendData(frameMessage(message), endStream);
  stream.sendData(messagePrefix(message.length), false);
  return stream.sendData(message, endStream);
}

function sendPieces(stream: Http2Stream, pieces: readonly Uint8Array[], endStream: boolean): boolean {
  let hasRoom = stream.sendData(messagePrefix(messageBytes(pieces)), false);
  for (const [index, piece] of pieces.entries()) {
    hasRoom = stream.sendData(piece, endStream && index === pieces.length - 1);
  }
  return hasRoom;
}
