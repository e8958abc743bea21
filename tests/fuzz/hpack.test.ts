import { type ClientHttp2Session, connect } from "node:http2";
import { duplexPair } from "node:stream";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { Http2Connection } from "../../packages/transport/src/connection.js";
import { ConnectionFault } from "../../packages/transport/src/error-code.js";
import { HpackDecoder } from "../../packages/transport/src/hpack-decoder.js";
import { HpackEncoder } from "../../packages/transport/src/hpack-encoder.js";
import { bytesOf, holds } from "./fuzz.ts";

const maxTableBytes = 4096;
const maxListBytes = 16 * 1024;

const name = fc.oneof(
  fc.constantFrom("content-type", "te", "x-request-id", "authorization", "grpc-timeout"),
  fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/),
);
/** Any bytes, as latin1, also long ones. */
const value = fc.oneof(bytesOf(40), bytesOf(3_000)).map((bytes) => bytes.toString("latin1"));
const list = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((fields) => fields.flat());

type Step = { readonly list: string[] } | { readonly tableBytes: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ list }) },
  fc.record({ tableBytes: fc.constantFrom(0, 40, 100, 1_000, maxTableBytes, 100_000) }),
);

test("what is encoded decodes to the same, block after block, whatever happens to the table", async () => {
  await holds(
    fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (steps) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(maxTableBytes, 1024 * 1024);
      for (const each of steps) {
        if ("tableBytes" in each) {
          encoder.setPeerTableBytes(Math.min(each.tableBytes, maxTableBytes));
          continue;
        }
        const block = Buffer.from(encoder.encode(each.list));
        expect(decoder.decode(block, 0, block.length).headers).toEqual(each.list);
      }
    }),
  );
});

/** Instructions of RFC 7541 section 6 that may lie about indexes, lengths and Huffman codes. */
const instruction = fc.oneof(
  fc.nat({ max: 255 }).map((byte) => Buffer.from([byte])),
  fc.nat({ max: 70 }).map((index) => Buffer.from([0x80 | index])),
  fc
    .tuple(fc.constantFrom(0, 0x10, 0x40), bytesOf(12), bytesOf(60), fc.constantFrom(0, 0x80))
    .map(([form, key, text, huffman]) =>
      Buffer.concat([Buffer.from([form, key.length]), key, Buffer.from([huffman | text.length]), text]),
    ),
  fc.nat({ max: 31 }).map((bits) => Buffer.from([0x20 | bits, 0xff, 0x10])),
);

test("any bytes decode to a list within the limit, or to a COMPRESSION_ERROR, and leave the table within its own", async () => {
  await holds(
    fc.asyncProperty(fc.array(fc.array(instruction, { maxLength: 30 }), { maxLength: 5 }), async (blocks) => {
      const decoder = new HpackDecoder(maxTableBytes, maxListBytes);
      for (const block of blocks.map((parts) => Buffer.concat(parts))) {
        try {
          const { headers } = decoder.decode(block, 0, block.length);
          expect(headers.reduce((sum, text) => sum + text.length + 16, 0)).toBeLessThanOrEqual(maxListBytes);
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionFault);
          expect(error).toMatchObject({ offence: "compression_error" });
          return;
        }
        expect(decoder.tableSizeBytes).toBeLessThanOrEqual(maxTableBytes);
      }
    }),
  );
});

const sessions: ClientHttp2Session[] = [];
afterAll(() => {
  for (const session of sessions) session.destroy();
});

/** A session of node:http2, whose HPACK is nghttp2's, to a server of ours that answers with the fields it got. */
function mirror(): ClientHttp2Session {
  const [ours, theirs] = duplexPair();
  Http2Connection.accept(ours, { maxHeaderListBytes: 1024 * 1024 }, (stream, headers) => {
    const start = headers.findIndex((text, at) => at % 2 === 0 && !text.startsWith(":"));
    stream.sendHeaders([":status", "200", ...(start < 0 ? [] : headers.slice(start))], true);
    return { onHeaders() {}, onData() {}, onTrailers() {}, onWritable() {}, onReset() {} };
  });
  const session = connect("http://mirror", { createConnection: () => theirs });
  sessions.push(session);
  return session;
}

test("nghttp2 reads what we write, and we read what it writes", async () => {
  const session = mirror();
  const sentName = fc.stringMatching(/^x-[a-z0-9]{1,20}$/);
  const sentValue = fc.oneof(fc.constantFrom("", "a", "trailers"), fc.stringMatching(/^[!-~]{1,200}$/));
  await holds(
    fc.asyncProperty(fc.dictionary(sentName, sentValue, { maxKeys: 12 }), async (fields) => {
      const received = await new Promise<Record<string, unknown>>((resolve, reject) => {
        const stream = session.request({ ":method": "POST", ":path": "/", ...fields });
        stream.on("response", resolve).on("error", reject).resume().end();
      });
      for (const [key, sent] of Object.entries(fields)) expect(received[key]).toBe(sent);
    }),
  );
});
