import { type Header, type Message, messageSizeBytes } from "@prism-data/pattern-sdk";
import { byteaArray, int4Array } from "./binary-array.js";

const lengthBytes = 4;

/** The columns that hold a message. All are bytes: PostgreSQL's text has no NUL. */
export interface MessageRow {
  readonly message_id: Buffer;
  readonly key: Buffer;
  readonly content_type: Buffer;
  readonly headers: Buffer;
  readonly payload: Buffer;
}

/** Messages as parameters, a column each, with how many bytes each of them counts for. */
export function messageArrays(messages: readonly Message[]): Buffer[] {
  const texts = (of: (message: Message) => string) => byteaArray(messages.map((message) => Buffer.from(of(message))));
  return [
    texts(({ id }) => id),
    texts(({ key }) => key),
    texts(({ contentType }) => contentType),
    byteaArray(messages.map(({ headers }) => encodeHeaders(headers))),
    byteaArray(messages.map(({ payload }) => payload)),
    int4Array(messages.map(messageSizeBytes)),
  ];
}

export function messageOf({ message_id, key, content_type, headers, payload }: MessageRow): Message {
  return {
    id: message_id.toString(),
    key: key.toString(),
    contentType: content_type.toString(),
    headers: decodeHeaders(headers),
    payload,
  };
}

/** Names and values one after the other, each after its length. */
function encodeHeaders(headers: readonly Header[]): Buffer {
  return Buffer.concat(
    headers.flatMap(({ name, value }) => {
      const nameBytes = Buffer.from(name);
      return [lengthOf(nameBytes), nameBytes, lengthOf(value), value];
    }),
  );
}

function decodeHeaders(bytes: Buffer): Header[] {
  const headers: Header[] = [];
  let at = 0;
  const next = () => {
    const start = at + lengthBytes;
    at = start + bytes.readUInt32BE(at);
    return bytes.subarray(start, at);
  };
  while (at < bytes.length) headers.push({ name: next().toString(), value: next() });
  return headers;
}

function lengthOf(bytes: Uint8Array): Buffer {
  const length = Buffer.allocUnsafe(lengthBytes);
  length.writeUInt32BE(bytes.length);
  return length;
}
