import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectionFault } from "../../packages/transport/src/error-code.js";
import { clientPreface, FrameFlag, frameHeaderBytes, writeFrameHeader } from "../../packages/transport/src/frame.js";
import { FrameReader } from "../../packages/transport/src/frame-reader.js";
import { bytesOf, chunked, cuts, holds } from "./fuzz.ts";

const maxFrameBytes = 16_384;

interface SentFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** What the length field says beyond the truth. */
  readonly lie: number;
}

const sentFrame: fc.Arbitrary<SentFrame> = fc.record({
  type: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 12 })),
  flags: fc.nat({ max: 255 }),
  streamId: fc.nat({ max: 9 }),
  payload: bytesOf(300),
  lie: fc.oneof({ weight: 20, arbitrary: fc.constant(0) }, fc.integer({ min: -5, max: 20_000 })),
});

function bytesOfFrame({ type, flags, streamId, payload, lie }: SentFrame): Buffer {
  const bytes = Buffer.alloc(frameHeaderBytes + payload.length);
  writeFrameHeader(bytes, 0, Math.max(0, payload.length + lie), type, flags, streamId);
  bytes.set(payload, frameHeaderBytes);
  return bytes;
}

/** What the reader reports: DATA as one piece per frame, and in the end the fault, if there was one. */
function read(chunks: readonly Buffer[]): string[] {
  const seen: string[] = [];
  let data: Buffer[] = [];
  const reader = new FrameReader(
    {
      onDataFrame(streamId, flags, lengthBytes) {
        data = [];
        seen.push(`DATA ${streamId} ${flags} ${lengthBytes}`);
      },
      onDataPiece(piece, endsFrame) {
        data.push(piece);
        if (endsFrame) seen.push(Buffer.concat(data).toString("hex"));
      },
      onFrame(type, flags, streamId, bytes, start, end) {
        seen.push(`${type} ${flags} ${streamId} ${bytes.toString("hex", start, end)}`);
      },
    },
    { maxFrameBytes, expectPreface: true },
  );
  try {
    for (const chunk of chunks) reader.push(chunk);
  } catch (error) {
    if (!(error instanceof ConnectionFault)) throw error;
    seen.push(`fault ${error.code}`);
  }
  return seen;
}

/** The frames as they are meant, without padding; only for those that are well formed. */
function meant({ type, flags, streamId, payload }: SentFrame): string[] {
  if (type !== 0) return [`${type} ${flags} ${streamId} ${payload.toString("hex")}`];
  const padding = (flags & FrameFlag.PADDED) === 0 ? -1 : payload[0]!;
  const data = padding < 0 ? payload : payload.subarray(1, payload.length - padding);
  return [`DATA ${streamId} ${flags} ${payload.length}`, data.toString("hex")];
}

test("frames, well formed or not, are read the same however they are cut", async () => {
  await holds(
    fc.asyncProperty(fc.array(sentFrame, { maxLength: 12 }), cuts, async (frames, places) => {
      const bytes = Buffer.concat([clientPreface, ...frames.map(bytesOfFrame)]);
      const whole = read([bytes]);
      expect(read(chunked(bytes, places))).toEqual(whole);
      expect(read(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole);
    }),
  );
});

test("well-formed frames are read as they were written", async () => {
  const wellFormed = sentFrame.filter(
    ({ type, flags, payload, lie }) =>
      lie === 0 && (type !== 0 || (flags & FrameFlag.PADDED) === 0 || (payload[0] ?? 999) < payload.length),
  );
  await holds(
    fc.asyncProperty(fc.array(wellFormed, { maxLength: 12 }), async (frames) => {
      expect(read([clientPreface, ...frames.map(bytesOfFrame)])).toEqual(frames.flatMap(meant));
    }),
  );
});
