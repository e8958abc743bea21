import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MessageFraming } from "../../packages/proxy/src/data-path/message-framing.js";
import { GrpcError } from "../../packages/transport/src/grpc-error.js";
import { frameMessage, MessageReader } from "../../packages/transport/src/message-reader.js";
import { bytesOf, chunked, cuts, holds } from "./fuzz.ts";

const maxMessageBytes = 500;

const message = fc.record({
  flag: fc.oneof({ weight: 15, arbitrary: fc.constant(0) }, fc.nat({ max: 255 })),
  bytes: bytesOf(300),
  lie: fc.oneof(
    { weight: 15, arbitrary: fc.constant(0) },
    fc.integer({ min: -5, max: 400 }),
    fc.constant(2 ** 32 - 400),
  ),
});

function bytesOfMessages(messages: readonly { flag: number; bytes: Buffer; lie: number }[]): Buffer {
  return Buffer.concat(
    messages.flatMap(({ flag, bytes, lie }) => {
      const prefix = Buffer.alloc(5, flag);
      prefix.writeUInt32BE(Math.max(0, bytes.length + lie), 1);
      return [prefix, bytes];
    }),
  );
}

/** The messages, and in the end why no more can be read or how many bytes are left. */
function read(chunks: readonly Buffer[]): string[] {
  const reader = new MessageReader(maxMessageBytes);
  const seen: string[] = [];
  try {
    for (const chunk of chunks) {
      reader.read(chunk, ({ compressed, message: bytes }) => seen.push(`${compressed} ${bytes.toString("hex")}`));
    }
    seen.push(`left ${reader.pendingBytes}`);
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    seen.push(error.message);
  }
  return seen;
}

function follow(chunks: readonly Buffer[]): unknown {
  const framing = new MessageFraming(maxMessageBytes);
  for (const chunk of chunks) {
    const problem = framing.push(chunk);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

test("messages, well formed or not, are cut the same however they arrive, and followed the same", async () => {
  await holds(
    fc.asyncProperty(fc.array(message, { maxLength: 8 }), cuts, async (messages, places) => {
      const bytes = bytesOfMessages(messages);
      const bytewise = Array.from(bytes, (byte) => Buffer.from([byte]));
      const whole = read([bytes]);
      expect(read(chunked(bytes, places))).toEqual(whole);
      expect(read(bytewise)).toEqual(whole);
      const problem = follow([bytes]);
      expect(follow(chunked(bytes, places))).toEqual(problem);
      expect(follow(bytewise)).toEqual(problem);
    }),
  );
});

test("what was framed is read again", async () => {
  await holds(
    fc.asyncProperty(fc.array(bytesOf(400), { maxLength: 40 }), cuts, async (messages, places) => {
      const chunks = chunked(Buffer.concat(messages.map(frameMessage)), places);
      expect(read(chunks)).toEqual([...messages.map((bytes) => `false ${bytes.toString("hex")}`), "left 0"]);
      expect(follow(chunks)).toBeUndefined();
    }),
  );
});
