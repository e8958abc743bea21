// The four messages that nearly every call is made of, by hand: writing takes about a quarter of the generated code's time,
// reading half, and a value is not copied on either way unless it is small. Anything unusual is left to the generated code, and a
// test compares both. `make bench ONLY=codec` measures both.

import type { OutgoingMessage } from "@prism-data/transport";
import type { Entry, SetResult } from "../../patterns/key-value/key-value.js";
import { fieldSize, writeHead } from "../field-writer.js";
import { Timestamp } from "../gen/google/protobuf/timestamp.js";
import { GetRequest, type SetRequest, SetRequest as SetRequestType } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { decodeMessage, encodeMessage } from "../message.js";
import { timestampFromMs } from "../wire-time.js";

const field1 = 0x0a;
const field2 = 0x12;
const field3 = 0x1a;
const field4 = 0x22;
const foundIsTrue = 0x0801;

/** Longer ones are decoded faster by Node. */
const shortTextBytes = 64;

const replacementCharacter = "\ufffd";
const noBytes = new Uint8Array(0);
const missingEntry = Buffer.alloc(0);

/** From this size on, a copy of a value costs more than the pieces around it. */
const pieceFromBytes = 4096;

/** Reads the plain form of a message: length-delimited fields only. `failed` says that the bytes have another form. */
class PlainReader {
  readonly #bytes: Buffer;
  #position = 0;
  failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next one-byte tag; 0 at the end. */
  tag(): number {
    if (this.#position === this.#bytes.length) return 0;
    const tag = this.#bytes[this.#position++] ?? 0;
    if (tag === 0) this.failed = true;
    return tag;
  }

  text(): string {
    const end = this.#end();
    const start = this.#position;
    this.#position = end;
    return (end - start <= shortTextBytes ? asciiOf(this.#bytes, start, end) : undefined) ?? this.#utf8(start, end);
  }

  view(): Uint8Array {
    const end = this.#end();
    const view = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return view;
  }

  #utf8(start: number, end: number): string {
    const text = this.#bytes.toString("utf8", start, end);
    // May stand for bytes that are no UTF-8, which only the generated code tells from a real one.
    if (text.includes(replacementCharacter)) this.failed = true;
    return text;
  }

  #end(): number {
    let length = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#position++];
      if (byte === undefined) break;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (this.#position + length <= this.#bytes.length) return this.#position + length;
        break;
      }
    }
    this.failed = true;
    this.#position = this.#bytes.length;
    return this.#position;
  }
}

/** Short texts of ASCII, as most names are, in less time than a call to Node's decoder takes. `undefined`: not ASCII. */
function asciiOf(bytes: Buffer, start: number, end: number): string | undefined {
  let text = "";
  let at = start;
  for (; at + 4 <= end; at += 4) {
    const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
    if ((a | b | c | d) > 0x7f) return undefined;
    text += String.fromCharCode(a, b, c, d);
  }
  for (; at < end; at++) {
    if (bytes[at]! > 0x7f) return undefined;
    text += String.fromCharCode(bytes[at]!);
  }
  return text;
}

/** The same as the generated `GetRequest.decode`. Throws `MALFORMED_MESSAGE`. */
export function decodeGetRequest(bytes: Uint8Array): GetRequest {
  const reader = new PlainReader(bytes);
  const request = { namespace: "", key: "" };
  for (let tag = reader.tag(); tag !== 0 && !reader.failed; tag = reader.tag()) {
    if (tag === field1) request.namespace = reader.text();
    else if (tag === field2) request.key = reader.text();
    else reader.failed = true;
  }
  return reader.failed ? decodeMessage(GetRequest, bytes, "prism.keyvalue.v1.GetRequest") : request;
}

/** The same as the generated `SetRequest.decode`. Throws `MALFORMED_MESSAGE`. */
export function decodeSetRequest(bytes: Uint8Array): SetRequest {
  const reader = new PlainReader(bytes);
  const request: SetRequest = {
    namespace: "",
    key: "",
    value: noBytes,
    ttl: undefined,
    condition: undefined,
    idempotencyToken: undefined,
  };
  for (let tag = reader.tag(); tag !== 0 && !reader.failed; tag = reader.tag()) {
    if (tag === field1) request.namespace = reader.text();
    else if (tag === field2) request.key = reader.text();
    else if (tag === field3) request.value = reader.view();
    else reader.failed = true;
  }
  return reader.failed ? decodeMessage(SetRequestType, bytes, "prism.keyvalue.v1.SetRequest") : request;
}

/** The same as the generated `GetResponse.encode`. A large value is a piece of its own, not copied. */
export function encodeGetResponse(entry: Entry | undefined): OutgoingMessage {
  if (entry === undefined) return missingEntry;
  if (entry.value.length >= pieceFromBytes) {
    const { value } = entry;
    const head = Buffer.allocUnsafe(2 + fieldSize(value.length) - value.length);
    writeHead(head, head.writeUInt16BE(foundIsTrue, 0), field2, value.length);
    return [head, value, encodeWholeGetResponse({ ...entry, value: noBytes }).subarray(2)];
  }
  return encodeWholeGetResponse(entry);
}

function encodeWholeGetResponse(entry: Entry): Uint8Array {
  const { value, etag, expiresAtMs } = entry;
  const expireTime = expiresAtMs === undefined ? undefined : encodeMessage(Timestamp, timestampFromMs(expiresAtMs));
  const etagBytes = Buffer.byteLength(etag);
  const size =
    2 +
    (value.length === 0 ? 0 : fieldSize(value.length)) +
    (etagBytes === 0 ? 0 : fieldSize(etagBytes)) +
    (expireTime === undefined ? 0 : fieldSize(expireTime.length));
  const bytes = Buffer.allocUnsafe(size);
  let position = bytes.writeUInt16BE(foundIsTrue, 0);
  if (value.length > 0) {
    position = writeHead(bytes, position, field2, value.length);
    bytes.set(value, position);
    position += value.length;
  }
  if (etagBytes > 0) {
    position = writeHead(bytes, position, field3, etagBytes);
    position += bytes.write(etag, position);
  }
  if (expireTime !== undefined) bytes.set(expireTime, writeHead(bytes, position, field4, expireTime.length));
  return bytes;
}

/** The same as the generated `SetResponse.encode`. */
export function encodeSetResponse({ etag }: SetResult): Uint8Array {
  const etagBytes = Buffer.byteLength(etag);
  if (etagBytes === 0) return missingEntry;
  const bytes = Buffer.allocUnsafe(fieldSize(etagBytes));
  bytes.write(etag, writeHead(bytes, 0, field1, etagBytes));
  return bytes;
}
