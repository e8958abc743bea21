import { FrameFlag, FrameType, frame, literalFields, setting, uint32 } from "../http2-frames.ts";
import type { Attack } from "./attack.ts";
import { inPieces } from "./floods.ts";
import { beginGet, get, getFields, getMessage, streamIds } from "./key-value-requests.ts";

const { DATA, HEADERS, WINDOW_UPDATE } = FrameType;
const { END_HEADERS, END_STREAM } = FrameFlag;

/** RFC 9113 section 6.5.2: nothing may be sent on a stream until its window is opened. */
const windowOfZero = setting(4, 0);
/** Less than a connection may have. */
const streams = 400;
const dribblingStreams = 20;
const dribbledBytes = 4_000;

const large = { namespace: "demo", key: "large" };
const jsonBlock = literalFields({
  ...getFields,
  "content-type": "application/json",
});

function postJson(streamId: number): Buffer {
  const body = Buffer.from(JSON.stringify(large));
  return Buffer.concat([frame(HEADERS, END_HEADERS, streamId, jsonBlock), frame(DATA, END_STREAM, streamId, body)]);
}

/** The beginning of each request, then a byte of each in turns. */
function* dribble(begin: (streamId: number) => Buffer, nextByte: (streamId: number) => Buffer): Generator<Buffer> {
  const ids = [...streamIds(dribblingStreams)];
  yield* ids.map(begin);
  for (let at = 0; at < dribbledBytes; at += 1) yield Buffer.concat(ids.map(nextByte));
}

/** A call that announces 1 MiB. */
function beginLarge(streamId: number): Buffer {
  const prefix = Buffer.concat([Buffer.from([0]), uint32(1024 * 1024)]);
  const namespace = getMessage("demo", "").subarray(5, 11);
  return Buffer.concat([beginGet(streamId), frame(DATA, 0, streamId, Buffer.concat([prefix, namespace]))]);
}

function stall(streamCount: number, pieces: () => Iterable<Buffer>): Attack {
  return { pieces, leavesAfterStreams: streamCount };
}

function onStreams(request: (streamId: number) => Buffer, ...settings: Buffer[]): Attack {
  return stall(streams, () => inPieces([...streamIds(streams)].map(request), ...settings));
}

/** The attacks that consist of waiting, by name: each holds as many streams as it can for as long as it may. */
export const stalls: Readonly<Record<string, Attack>> = {
  "large answers that are not read": onStreams((id) => get(id, "demo", "large"), windowOfZero),
  "small answers that are not read": onStreams((id) => get(id, "demo", "k"), windowOfZero),
  "large JSON answers that are not read": onStreams(postJson, windowOfZero),
  "large answers that are read byte by byte": stall(dribblingStreams, () =>
    inPieces(
      dribble(
        (id) => get(id, "demo", "large"),
        (id) => frame(WINDOW_UPDATE, 0, id, uint32(1)),
      ),
      windowOfZero,
    ),
  ),
  "requests that come byte by byte": stall(dribblingStreams, () =>
    inPieces(dribble(beginLarge, (id) => frame(DATA, 0, id, Buffer.from("x")))),
  ),
  "calls without a message": onStreams(beginGet),
  "JSON requests without a body": onStreams((id) => frame(HEADERS, END_HEADERS, id, jsonBlock)),
};
