import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { GatewayError } from "../errors.js";

/** A generated message type: how its bytes are written and read. */
export interface MessageType<T> {
  encode(message: T, writer?: BinaryWriter): BinaryWriter;
  decode(input: BinaryReader | Uint8Array, length?: number): T;
}

/** proto3 strings must be UTF-8; the generated code asks its reader for text without saying so. */
class StrictReader extends BinaryReader {
  override string(): string {
    return super.string(true);
  }
}

/**
 * Reads a message. `bytes` fields are views into `bytes`, not copies. Throws `GatewayError` `MALFORMED_MESSAGE` when the bytes
 * are no such message; fields that are not known are skipped.
 */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array, typeName: string): T {
  const reader = new StrictReader(bytes);
  let message: T;
  try {
    message = type.decode(reader);
  } catch (cause) {
    throw malformedMessage(typeName, bytes.length, cause);
  }
  // The generated code stops without an error at a tag of 0 and at the end of a group that never began.
  if (reader.pos !== reader.len) throw malformedMessage(typeName, bytes.length);
  return message;
}

/** Answers aim at half of this; the buffer of a larger message is not kept for the next. */
const keptBufferBytes = 2_097_152;

/** A writer keeps its buffer when it has finished, and messages are written one after the other: one grows once for all of them. */
let sharedWriter = new BinaryWriter();

/** Writes a message. The bytes are the caller's own. */
export function encodeMessage<T>(type: MessageType<T>, message: T): Uint8Array {
  const writer = sharedWriter;
  // Whoever is called while this is under way, or after it failed, has another one.
  sharedWriter = new BinaryWriter();
  const bytes = type.encode(message, writer).finish();
  if (bytes.length <= keptBufferBytes) sharedWriter = writer;
  return bytes;
}

/** Says that bytes are not the message that a method takes. */
export function malformedMessage(typeName: string, sizeBytes: number, cause?: unknown): GatewayError {
  return new GatewayError(
    "MALFORMED_MESSAGE",
    `The ${sizeBytes} bytes of the request are not a ${typeName} message. Encode it with code generated from Prism's .proto files.`,
    { cause },
  );
}
