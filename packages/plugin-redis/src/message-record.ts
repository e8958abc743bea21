import { type Header, type Message, messageSizeBytes } from "@prism-data/pattern-sdk";
import { foreignRecord } from "./errors.js";

/**
 * How a message is stored: one string.
 *
 *     byte 0       the layout's version, 1
 *     bytes 1–4    how many bytes the message counts for
 *     then         id, key, content type and topic, each after its length in 2 bytes; how many headers there are, in 2 bytes; of each
 *                  the name after its length in 2 bytes and the value after its length in 4 bytes
 *     the rest     the payload
 *
 * Numbers are unsigned and big-endian. The scripts know where the size and the id stand.
 */
export const messageLayout = { version: 1, sizeAt: 1, textsAt: 5 } as const;

const shortBytes = 2;
const longBytes = 4;

/** A message with what only pub-sub keeps. */
export interface RecordedMessage {
  readonly message: Message;
  /** The topic that it was published to; `""`: it was not. */
  readonly topic: string;
}

/** Builds a record. Copies the message once: Redis takes a string in one piece. */
export function encodeMessage(message: Message, topic = ""): Buffer {
  const texts = [message.id, message.key, message.contentType, topic];
  const textBytes = texts.reduce((sum, text) => sum + shortBytes + Buffer.byteLength(text), 0);
  const headerBytes = message.headers.reduce<number>(
    (sum, { name, value }) => sum + shortBytes + Buffer.byteLength(name) + longBytes + value.length,
    shortBytes,
  );
  const record = Buffer.allocUnsafe(messageLayout.textsAt + textBytes + headerBytes + message.payload.length);
  record[0] = messageLayout.version;
  record.writeUInt32BE(messageSizeBytes(message), messageLayout.sizeAt);
  let at = texts.reduce<number>((position, text) => writeText(record, text, position), messageLayout.textsAt);
  at = record.writeUInt16BE(message.headers.length, at);
  for (const header of message.headers) at = writeHeader(record, header, at);
  record.set(message.payload, at);
  return record;
}

/** Reads a record. The payload and the values of headers are views into it. */
export function decodeMessage(record: Buffer): RecordedMessage {
  if (record.length < messageLayout.textsAt || record[0] !== messageLayout.version) throw foreignRecord();
  const reader = new RecordReader(record, messageLayout.textsAt);
  const [id, key, contentType, topic] = [reader.text(), reader.text(), reader.text(), reader.text()];
  const headers = Array.from({ length: reader.short() }, () => ({ name: reader.text(), value: reader.bytes() }));
  return { message: { id, key, contentType, headers, payload: reader.rest() }, topic };
}

/** Goes through a record from front to back. */
class RecordReader {
  readonly #record: Buffer;
  #at: number;

  constructor(record: Buffer, at: number) {
    this.#record = record;
    this.#at = at;
  }

  short(): number {
    const value = this.#record.readUInt16BE(this.#at);
    this.#at += shortBytes;
    return value;
  }

  text(): string {
    return this.#take(this.short()).toString();
  }

  bytes(): Buffer {
    const length = this.#record.readUInt32BE(this.#at);
    this.#at += longBytes;
    return this.#take(length);
  }

  rest(): Buffer {
    return this.#record.subarray(this.#at);
  }

  #take(length: number): Buffer {
    const taken = this.#record.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}

function writeText(record: Buffer, text: string, at: number): number {
  const written = record.write(text, at + shortBytes);
  record.writeUInt16BE(written, at);
  return at + shortBytes + written;
}

function writeHeader(record: Buffer, { name, value }: Header, at: number): number {
  const valueAt = record.writeUInt32BE(value.length, writeText(record, name, at));
  record.set(value, valueAt);
  return valueAt + value.length;
}
