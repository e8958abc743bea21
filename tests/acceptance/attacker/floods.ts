import {
  FrameFlag,
  FrameType,
  frame,
  hello,
  integer,
  literal,
  literalFields,
  setting,
  uint32,
} from "../http2-frames.ts";
import type { Attack } from "./attack.ts";
import { beginGet, get, getFields, getMessage, streamIds } from "./key-value-requests.ts";

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE, CONTINUATION } = FrameType;
const { END_STREAM, END_HEADERS } = FrameFlag;

/** More than any limit of the transport lets pass. */
const floodFrames = 20_000;
/** Enough to see that each is refused, few enough to stay below the limit that ends the connection. */
const fewStreams = 50;
const piecesOf = 100;

const cancel = uint32(8);
const plainGet = literalFields(getFields);
/** RFC 9113 section 6.5.2. */
const headerTableSize = 1;

/** Frames in pieces of a hundred, after the hello. */
export function* inPieces(frames: Iterable<Buffer>, ...settings: Buffer[]): Generator<Buffer> {
  yield hello(...settings);
  let piece: Buffer[] = [];
  for (const each of frames) {
    piece.push(each);
    if (piece.length < piecesOf) continue;
    yield Buffer.concat(piece);
    piece = [];
  }
  yield Buffer.concat(piece);
}

function* perStream(count: number, framesOf: (streamId: number) => readonly Buffer[]): Generator<Buffer> {
  for (const streamId of streamIds(count)) yield Buffer.concat(framesOf(streamId));
}

function* repeated(count: number, frames: readonly Buffer[]): Generator<Buffer> {
  for (let at = 0; at < count; at += 1) yield Buffer.concat(frames);
}

/** On every new stream the same. */
function onStreams(framesOf: (streamId: number) => readonly Buffer[]): Attack {
  return { pieces: () => inPieces(perStream(floodFrames, framesOf)) };
}

/** On few new streams the same, each of which is refused by itself. */
function onFewStreams(framesOf: (streamId: number) => readonly Buffer[]): Attack {
  return { pieces: () => inPieces(perStream(fewStreams, framesOf)), leavesAfterStreams: fewStreams };
}

/** The same frame again and again, after others. */
function flood(repeatedFrame: Buffer, ...first: readonly Buffer[]): Attack {
  return {
    *pieces() {
      yield* inPieces([...first, ...repeated(floodFrames, [repeatedFrame])]);
    },
  };
}

function oversizedBlock(): Buffer {
  return Buffer.concat([plainGet, Buffer.from([0]), literal("x-large"), literal("x".repeat(15_000))]);
}

/** One large field in the dynamic table, then thousands of references to it, of one byte each: 50 MiB in 16 KiB. */
function bombBlock(): Buffer {
  const field = Buffer.concat([Buffer.from([0x40]), literal("x"), literal("x".repeat(3_900))]);
  return Buffer.concat([plainGet, field, Buffer.alloc(12_000, 0xbe)]);
}

/** RFC 7541 section 6.3. */
function tableSizeUpdate(sizeBytes: number): Buffer {
  const bytes = integer(sizeBytes, 5);
  bytes[0]! |= 0x20;
  return bytes;
}

/** The attacks that consist of many frames, or of frames that cost more than they weigh, by name. */
export const floods: Readonly<Record<string, Attack>> = {
  "rapid reset": onStreams((id) => [get(id, "demo", "k"), frame(RST_STREAM, 0, id, cancel)]),
  "window updates of 0 on streams": onStreams((id) => [beginGet(id), frame(WINDOW_UPDATE, 0, id, uint32(0))]),
  "window updates beyond 2^31-1 on streams": onStreams((id) => [
    beginGet(id),
    frame(WINDOW_UPDATE, 0, id, uint32(2 ** 31 - 1)),
  ]),
  "DATA after END_STREAM": onStreams((id) => [get(id, "demo", "k"), frame(DATA, 0, id, Buffer.from("x"))]),
  "streams that depend on themselves": onStreams((id) => [
    beginGet(id),
    frame(PRIORITY, 0, id, Buffer.concat([uint32(id), Buffer.from([0])])),
  ]),
  "headers without names": onStreams((id) => [
    frame(HEADERS, END_HEADERS, id, Buffer.concat([plainGet, Buffer.from([0, 0, 0, 0, 0, 0])])),
  ]),
  "more streams than are allowed": onStreams((id) => [beginGet(id)]),
  "CONTINUATION without end": flood(
    frame(CONTINUATION, 0, 1, literalFields({ "x-more": "x".repeat(80) })),
    frame(HEADERS, 0, 1, plainGet),
  ),
  "empty CONTINUATION without end": flood(frame(CONTINUATION, 0, 1), frame(HEADERS, 0, 1, plainGet)),
  SETTINGS: flood(frame(SETTINGS, 0, 0)),
  "SETTINGS that change the table": flood(frame(SETTINGS, 0, 0, setting(headerTableSize, 0))),
  PING: flood(frame(PING, 0, 0, Buffer.alloc(8))),
  "PING, reading no answer": { ...flood(frame(PING, 0, 0, Buffer.alloc(8))), readsNothing: true },
  PRIORITY: flood(frame(PRIORITY, 0, 3, Buffer.alloc(5))),
  "frames of unknown types": flood(frame(0xfa, 0, 0, Buffer.alloc(16))),
  "empty DATA": flood(frame(DATA, 0, 1), beginGet(1), frame(DATA, 0, 1, getMessage("demo", "k").subarray(0, 8))),
  "one large header, referred to thousands of times": onFewStreams((id) => [
    frame(HEADERS, END_HEADERS, id, bombBlock()),
  ]),
  "headers above the limit": onFewStreams((id) => [
    frame(HEADERS, 0, id, oversizedBlock()),
    frame(CONTINUATION, END_HEADERS, id, literalFields({ "x-more": "x".repeat(2_000) })),
  ]),
  "a table size above the limit": flood(
    frame(HEADERS, END_HEADERS | END_STREAM, 1, Buffer.concat([tableSizeUpdate(4_097), plainGet])),
  ),
  "thousands of table sizes in one block": flood(
    frame(
      HEADERS,
      END_HEADERS | END_STREAM,
      1,
      Buffer.concat([...Array.from({ length: 2_000 }, (_, at) => tableSizeUpdate(at % 2 === 0 ? 0 : 4_096)), plainGet]),
    ),
  ),
  "a header block that does not decode": flood(frame(HEADERS, END_HEADERS, 1, Buffer.from([0x80]))),
  "a frame above the limit": flood(frame(DATA, 0, 1, Buffer.alloc(16_385)), beginGet(1)),
};
