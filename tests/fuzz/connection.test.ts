import { once } from "node:events";
import { duplexPair } from "node:stream";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Http2Connection } from "../../packages/transport/src/connection.js";
import { ConnectionFault } from "../../packages/transport/src/error-code.js";
import { FrameFlag, FrameType } from "../../packages/transport/src/frame.js";
import {
  literalBlock,
  RawPeer,
  rawFrame,
  requestHeaders,
  setting,
  uint32,
} from "../../packages/transport/testing/raw-peer.js";
import { bytesOf, chunked, cuts, holds } from "./fuzz.ts";

const streamId = fc.nat({ max: 9 });
const flags = fc.oneof(
  fc.constantFrom(0, FrameFlag.END_STREAM, FrameFlag.END_HEADERS, FrameFlag.END_STREAM | FrameFlag.END_HEADERS),
  fc.nat({ max: 255 }),
);
const headerBlock = fc.oneof(
  { weight: 5, arbitrary: fc.constant(literalBlock(requestHeaders)) },
  fc.constant(literalBlock(["x-trailer", "y"])),
  fc.constant(literalBlock([...requestHeaders, "content-length", "3"])),
  bytesOf(20),
);
const increment = fc.constantFrom(0, 1, 65_535, 2 ** 31 - 1);

/** Frames that are plausible, so that they get deep into the state of streams and connection. */
const plausible = fc.oneof(
  fc.tuple(streamId, flags, headerBlock).map(([id, bits, block]) => rawFrame(FrameType.HEADERS, bits, id, block)),
  fc.tuple(streamId, flags, headerBlock).map(([id, bits, block]) => rawFrame(FrameType.CONTINUATION, bits, id, block)),
  fc.tuple(streamId, flags, bytesOf(9)).map(([id, bits, data]) => rawFrame(FrameType.DATA, bits, id, data)),
  fc.tuple(streamId, increment).map(([id, value]) => rawFrame(FrameType.WINDOW_UPDATE, 0, id, uint32(value))),
  fc.tuple(streamId, fc.nat({ max: 20 })).map(([id, value]) => rawFrame(FrameType.RST_STREAM, 0, id, uint32(value))),
  fc.tuple(fc.nat({ max: 8 }), increment).map(([id, value]) => rawFrame(FrameType.SETTINGS, 0, 0, setting(id, value))),
  fc.tuple(streamId, bytesOf(6)).map(([id, payload]) => rawFrame(FrameType.PRIORITY, 0, id, payload)),
  fc.constant(rawFrame(FrameType.SETTINGS, FrameFlag.ACK, 0)),
  fc.constant(rawFrame(FrameType.PING, 0, 0, Buffer.alloc(8))),
  fc
    .tuple(fc.nat({ max: 255 }), flags, streamId, bytesOf(20))
    .map(([type, bits, id, payload]) => rawFrame(type, bits, id, payload)),
);

/** Serves what comes and answers each request; tells what was received and how the connection ended. */
async function serve(chunks: readonly Buffer[]): Promise<string[]> {
  const [ours, theirs] = duplexPair();
  const seen: string[] = [];
  const connection = Http2Connection.accept(ours, { lingerMs: 1, maxConcurrentStreams: 3 }, (stream, headers, ends) => {
    seen.push(`${stream.id} ${headers.join(" ")} ${ends}`);
    stream.sendHeaders([":status", "200"], false);
    return {
      onHeaders() {},
      onData: (data, endStream) => {
        seen.push(`${stream.id} data ${data.toString("hex")} ${endStream}`);
        stream.sendData(data, endStream);
      },
      onTrailers: (trailers) => {
        seen.push(`${stream.id} trailers ${trailers.join(" ")}`);
        stream.sendTrailers(["x", "y"]);
      },
      onWritable() {},
      onReset: (code) => seen.push(`${stream.id} reset ${code}`),
    };
  });
  connection.onClose = (reason) => seen.push(reason instanceof ConnectionFault ? `fault ${reason.code}` : "closed");
  const peer = new RawPeer(theirs, "client");
  peer.hello();
  for (const chunk of chunks) if (!theirs.destroyed && !theirs.writableEnded) peer.send(chunk);
  theirs.end();
  await Promise.race([connection.closed, once(theirs, "close")]);
  await connection.closed;
  return mergedData(seen);
}

/** A DATA frame that came in pieces is told as one. */
function mergedData(seen: readonly string[]): string[] {
  const merged: string[] = [];
  for (const each of seen) {
    const [, before, rest] = /^(\d+ data )(.*)$/.exec(each) ?? [];
    const last = merged.at(-1);
    if (before !== undefined && last?.startsWith(before) && last.endsWith(" false")) {
      merged[merged.length - 1] = `${last.slice(0, -" false".length)}${rest}`;
    } else merged.push(each);
  }
  return merged;
}

test("a server connection throws nothing but its faults, and does the same however the bytes are cut", async () => {
  await holds(
    fc.asyncProperty(fc.array(plausible, { maxLength: 15 }), cuts, async (frames, places) => {
      const bytes = Buffer.concat(frames);
      expect(await serve(chunked(bytes, places))).toEqual(await serve([bytes]));
    }),
  );
});
