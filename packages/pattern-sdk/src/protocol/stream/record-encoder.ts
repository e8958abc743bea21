// Answers full of records, by hand: what a reader of a log gets is made of nothing else, and the generated code takes two to three times
// as long. Anything unusual is left to the generated code, and a test compares both.
import type { Message } from "../../patterns/messaging/message.js";
import type { StreamRecord } from "../../patterns/stream/stream.js";
import { fieldSize, varintSize, writeHead } from "../field-writer.js";
import { ConsumeResponse, ReadResponse } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../message.js";
import { timestampFromMs } from "../wire-time.js";
import { wireRecord } from "./wire-answers.js";

/** Fields of any message here: varints by 8 × number, everything else by 8 × number + 2. */
const varint1 = 0x08;
const varint2 = 0x10;
const bytes1 = 0x0a;
const bytes2 = 0x12;
const bytes3 = 0x1a;
const bytes4 = 0x22;
const bytes5 = 0x2a;

/** The same as the generated `ReadResponse.encode` of records. */
export function encodeReadRecords(records: readonly StreamRecord[]): Uint8Array {
  if (!records.every(isUsual))
    return encodeMessage(ReadResponse, { records: records.map(wireRecord), caughtUp: false });
  const sizes = records.map(sizesOf);
  const bytes = Buffer.allocUnsafe(listSize(sizes));
  writeList(bytes, 0, records, sizes);
  return bytes;
}

/** The same as the generated `ConsumeResponse.encode` of records. */
export function encodeConsumeRecords(records: readonly StreamRecord[]): Uint8Array {
  if (!records.every(isUsual)) {
    return encodeMessage(ConsumeResponse, { event: { $case: "records", value: { records: records.map(wireRecord) } } });
  }
  const sizes = records.map(sizesOf);
  const size = listSize(sizes);
  const bytes = Buffer.allocUnsafe(fieldSize(size));
  writeList(bytes, writeHead(bytes, 0, bytes2, size), records, sizes);
  return bytes;
}

/** Whether its numbers are exact as numbers, and its time is after 1970. */
function isUsual({ offset, appendedAtMs }: StreamRecord): boolean {
  return offset >= 0n && offset <= Number.MAX_SAFE_INTEGER && appendedAtMs >= 0;
}

/** What a record takes, without its own head; the same of its message and its time. */
interface Sizes {
  readonly record: number;
  readonly message: number;
  readonly time: number;
}

function sizesOf({ partition, offset, message, appendedAtMs }: StreamRecord): Sizes {
  const messageSize = messageSizeOf(message);
  const { seconds, nanos } = timeOf(appendedAtMs);
  const time = numberFieldSize(seconds) + numberFieldSize(nanos);
  const numbers = numberFieldSize(partition) + numberFieldSize(Number(offset));
  return { record: numbers + fieldSize(messageSize) + fieldSize(time), message: messageSize, time };
}

function messageSizeOf({ id, key, headers, contentType, payload }: Message): number {
  let size = textFieldSize(id) + textFieldSize(key) + textFieldSize(contentType) + bytesFieldSize(payload);
  for (const header of headers) size += fieldSize(headerSizeOf(header));
  return size;
}

function headerSizeOf({ name, value }: Message["headers"][number]): number {
  return textFieldSize(name) + bytesFieldSize(value);
}

function listSize(sizes: readonly Sizes[]): number {
  let size = 0;
  for (const { record } of sizes) size += fieldSize(record);
  return size;
}

/** Field 1 of `ReadResponse` and of `Records`. */
function writeList(bytes: Buffer, start: number, records: readonly StreamRecord[], sizes: readonly Sizes[]): void {
  let position = start;
  for (const [index, record] of records.entries()) position = writeRecord(bytes, position, record, sizes[index]!);
}

function writeRecord(bytes: Buffer, start: number, record: StreamRecord, sizes: Sizes): number {
  let position = writeHead(bytes, start, bytes1, sizes.record);
  position = writeNumber(bytes, position, varint1, record.partition);
  position = writeNumber(bytes, position, varint2, Number(record.offset));
  position = writeMessage(bytes, writeHead(bytes, position, bytes3, sizes.message), record.message);
  position = writeHead(bytes, position, bytes4, sizes.time);
  const { seconds, nanos } = timeOf(record.appendedAtMs);
  return writeNumber(bytes, writeNumber(bytes, position, varint1, seconds), varint2, nanos);
}

function writeMessage(bytes: Buffer, start: number, { id, key, headers, contentType, payload }: Message): number {
  let position = writeText(bytes, writeText(bytes, start, bytes1, id), bytes2, key);
  for (const header of headers) {
    position = writeHead(bytes, position, bytes3, headerSizeOf(header));
    position = writeBytes(bytes, writeText(bytes, position, bytes1, header.name), bytes2, header.value);
  }
  return writeBytes(bytes, writeText(bytes, position, bytes4, contentType), bytes5, payload);
}

function timeOf(epochMs: number): { readonly seconds: number; readonly nanos: number } {
  const { seconds, nanos } = timestampFromMs(epochMs);
  return { seconds: Number(seconds), nanos };
}

/** Zero and what is empty are not written at all. */
function numberFieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}

function textFieldSize(text: string): number {
  return text === "" ? 0 : fieldSize(Buffer.byteLength(text));
}

function bytesFieldSize(value: Uint8Array): number {
  return value.length === 0 ? 0 : fieldSize(value.length);
}

function writeNumber(bytes: Buffer, position: number, tag: number, value: number): number {
  return value === 0 ? position : writeHead(bytes, position, tag, value);
}

function writeText(bytes: Buffer, position: number, tag: number, text: string): number {
  if (text === "") return position;
  const start = writeHead(bytes, position, tag, Buffer.byteLength(text));
  return start + bytes.write(text, start);
}

function writeBytes(bytes: Buffer, position: number, tag: number, value: Uint8Array): number {
  if (value.length === 0) return position;
  const start = writeHead(bytes, position, tag, value.length);
  bytes.set(value, start);
  return start + value.length;
}
