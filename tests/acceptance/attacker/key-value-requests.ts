import { FrameFlag, FrameType, frame, literalFields } from "../http2-frames.ts";

const { END_HEADERS, END_STREAM } = FrameFlag;

export const getFields: Readonly<Record<string, string>> = {
  ":method": "POST",
  ":scheme": "http",
  ":path": "/prism.keyvalue.v1.KeyValueService/Get",
  ":authority": "attacker",
  "content-type": "application/grpc",
  te: "trailers",
};

const getBlock = literalFields(getFields);

/** HEADERS of a call of Get whose message is still to come. */
export function beginGet(streamId: number): Buffer {
  return frame(FrameType.HEADERS, END_HEADERS, streamId, getBlock);
}

/** A whole call of Get. */
export function get(streamId: number, namespace: string, key: string): Buffer {
  return Buffer.concat([beginGet(streamId), frame(FrameType.DATA, END_STREAM, streamId, getMessage(namespace, key))]);
}

/** `GetRequest{namespace, key}` with its length prefix, for names below 128 bytes. */
export function getMessage(namespace: string, key: string): Buffer {
  const message = Buffer.concat([text(1, namespace), text(2, key)]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function text(field: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([field * 8 + 2, Buffer.byteLength(value)]), Buffer.from(value)]);
}

/** The ids of a client's streams. */
export function* streamIds(count: number): Generator<number> {
  for (let at = 0; at < count; at += 1) yield 2 * at + 1;
}
