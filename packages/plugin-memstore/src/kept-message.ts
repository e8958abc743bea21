import { type Message, messageSizeBytes } from "@prism-data/pattern-sdk";

/** What a message takes beside its bytes, as measured: the object with its place in lists and maps, strings, buffer and view. */
const messageOverheadBytes = 512;

/** What a header takes beside its bytes: the object, its name and a view. */
const headerOverheadBytes = 192;

/** What keeping a message counts against the bound of the backend, in bytes. */
export function keptSizeBytes(message: Message): number {
  return messageSizeBytes(message) + messageOverheadBytes + message.headers.length * headerOverheadBytes;
}

/** The message in memory that holds little else: it came with the rest of its request around it. */
export function keptMessage(message: Message): Message {
  const { payload, headers } = message;
  if (headers.length === 0 && payload.length * 4 >= payload.buffer.byteLength * 3) return message;
  const valueBytes = headers.reduce((sum, { value }) => sum + value.length, payload.length);
  const own = new Uint8Array(valueBytes);
  let end = 0;
  const copied = (bytes: Uint8Array) => {
    own.set(bytes, end);
    end += bytes.length;
    return own.subarray(end - bytes.length, end);
  };
  return {
    ...message,
    payload: copied(payload),
    headers: headers.map(({ name, value }) => ({ name, value: copied(value) })),
  };
}
