import { describe, expect, test } from "vitest";
import { type FramingProblem, isOneMessage, MessageFraming } from "./message-framing.js";

function message(sizeBytes: number, flag = 0): Buffer {
  const bytes = Buffer.alloc(5 + Math.min(sizeBytes, 64));
  bytes[0] = flag;
  bytes.writeUInt32BE(sizeBytes, 1);
  return bytes;
}

function follow(chunks: Buffer[]): FramingProblem | undefined {
  const framing = new MessageFraming(64);
  for (const chunk of chunks) {
    const problem = framing.push(chunk);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

const cases: [string, Buffer[], FramingProblem | undefined][] = [
  ["lets messages of every allowed size pass", [0, 1, 63, 64].map((size) => message(size)), undefined],
  ["finds a message that is too large", [message(7), message(65)], { kind: "too-large", sizeBytes: 65 }],
  ["finds the largest size a prefix can tell", [message(0xffff_ffff)], { kind: "too-large", sizeBytes: 0xffff_ffff }],
  ["finds a later message that is compressed", [message(7), message(0), message(3, 1)], { kind: "compressed" }],
];

describe("message framing", () => {
  test.each(cases)("%s, wherever the bytes are split", (_name, messages, problem) => {
    const bytes = Buffer.concat(messages);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(follow([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(problem);
    }
    expect(follow(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(problem);
  });

  test("finds a message that is too large before its bytes arrive", () => {
    expect(follow([message(1_000_000).subarray(0, 5)])).toEqual({ kind: "too-large", sizeBytes: 1_000_000 });
  });
});

test.each([
  ["an empty message", message(0), true],
  ["a message of the largest size", message(64), true],
  ["a message that is too large", Buffer.concat([message(65), Buffer.alloc(1)]), false],
  ["a compressed message", message(3, 1), false],
  ["a message that has not ended", message(9).subarray(0, 12), false],
  ["two messages", Buffer.concat([message(1), message(1)]), false],
  ["a part of a prefix", message(1).subarray(0, 4), false],
])("whether a request is one allowed message is told of %s", (_name, bytes, expected) => {
  expect(isOneMessage(bytes, 64)).toBe(expected);
});
