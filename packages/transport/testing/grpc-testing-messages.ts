import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

interface Payload {
  readonly body: Uint8Array;
}

interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

interface Simple {
  readonly responseSize: number;
  readonly payload: Payload;
  readonly responseStatus: EchoStatus;
}

interface StreamingOutput {
  readonly responseParameters: readonly { readonly size: number }[];
  readonly payload: Payload;
  readonly responseStatus: EchoStatus;
}

/** One kind of message, as bytes and back; fields that are not set are undefined. */
interface Codec<T> {
  encode(message: Partial<T>): Uint8Array;
  decode(bytes: Uint8Array): Partial<T>;
}

const root = protobuf.loadSync(fileURLToPath(new URL("grpc-testing.proto", import.meta.url)));

function codec<T>(name: string): Codec<T> {
  const type = root.lookupType(`grpc.testing.${name}`);
  return {
    encode: (message) => type.encode(message).finish(),
    decode: (bytes) => type.toObject(type.decode(bytes)) as Partial<T>,
  };
}

export const empty = new Uint8Array(0);
export const simpleRequest = codec<Simple>("SimpleRequest");
export const simpleResponse = codec<{ payload: Payload }>("SimpleResponse");
export const streamingInputRequest = codec<{ payload: Payload }>("StreamingInputCallRequest");
export const streamingInputResponse = codec<{ aggregatedPayloadSize: number }>("StreamingInputCallResponse");
export const streamingOutputRequest = codec<StreamingOutput>("StreamingOutputCallRequest");
export const streamingOutputResponse = codec<{ payload: Payload }>("StreamingOutputCallResponse");

export function payloadOf(sizeBytes: number): Payload {
  return { body: Buffer.alloc(sizeBytes) };
}
