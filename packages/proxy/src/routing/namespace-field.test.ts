import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { NamespaceField, type NamespaceReading, namespaceAtStart } from "./namespace-field.js";

function framed(body: Uint8Array, flag = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

function readIn(chunks: Buffer[]): NamespaceReading {
  const field = new NamespaceField();
  for (const chunk of chunks) {
    const reading = field.push(chunk);
    if (reading.kind !== "incomplete") return reading;
  }
  return field.end();
}

const found = (namespace: string) => ({ kind: "found", namespace });
const refused = (reason: string) => expect.objectContaining({ kind: "refused", reason });

const everyWireType = new BinaryWriter()
  .tag(2, 0)
  .uint64(2n ** 64n - 1n)
  .tag(3, 1)
  .fixed64(1n)
  .tag(4, 2)
  .bytes(new Uint8Array(300).fill(0x0a))
  .tag(5, 5)
  .fixed32(7)
  .tag(6, 3)
  .tag(1, 2)
  .string("inside a group")
  .tag(6, 4)
  .tag(2 ** 29 - 1, 2)
  .bytes(new Uint8Array(0))
  .tag(1, 2)
  .string("demo")
  .tag(7, 2)
  .string("tail")
  .finish();

const cases: [string, Buffer, unknown][] = [
  ["finds the name in the first field", framed(new BinaryWriter().tag(1, 2).string("demo").finish()), found("demo")],
  ["finds a name that is not ASCII", framed(new BinaryWriter().tag(1, 2).string("größe ☂").finish()), found("größe ☂")],
  [
    "finds a name of 128 bytes",
    framed(new BinaryWriter().tag(1, 2).string("n".repeat(128)).finish()),
    found("n".repeat(128)),
  ],
  ["finds the name behind fields of every wire type", framed(everyWireType), found("demo")],
  [
    "takes the first of two names",
    framed(new BinaryWriter().tag(1, 2).string("a").tag(1, 2).string("b").finish()),
    found("a"),
  ],
  ["refuses an empty message", framed(new Uint8Array(0)), refused("INVALID_FIELD")],
  ["refuses an empty name", framed(new BinaryWriter().tag(1, 2).string("").finish()), refused("INVALID_FIELD")],
  [
    "refuses a message without a name",
    framed(new BinaryWriter().tag(2, 2).string("key").finish()),
    refused("INVALID_FIELD"),
  ],
  [
    "refuses a name of 129 bytes",
    framed(new BinaryWriter().tag(1, 2).string("n".repeat(129)).finish()),
    refused("INVALID_FIELD"),
  ],
  [
    "refuses a name that is a number",
    framed(new BinaryWriter().tag(1, 0).uint32(5).finish()),
    refused("MALFORMED_MESSAGE"),
  ],
  ["refuses a name that is not UTF-8", framed(Buffer.from([0x0a, 2, 0xc3, 0x28])), refused("MALFORMED_MESSAGE")],
  ["refuses a compressed message", framed(Buffer.from([0x1f, 0x8b, 8]), 1), refused("COMPRESSION_UNSUPPORTED")],
  ["refuses a name longer than its message", framed(Buffer.from([0x0a, 9, 0x61])), refused("MALFORMED_MESSAGE")],
  [
    "refuses a field longer than its message",
    framed(Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f])),
    refused("MALFORMED_MESSAGE"),
  ],
  ["refuses field number 0", framed(Buffer.from([0x02, 0])), refused("MALFORMED_MESSAGE")],
  ["refuses wire type 7", framed(Buffer.from([0x17, 0])), refused("MALFORMED_MESSAGE")],
  ["refuses a varint without an end", framed(Buffer.alloc(20, 0xff)), refused("MALFORMED_MESSAGE")],
  ["refuses the end of a group that never began", framed(Buffer.from([0x14])), refused("MALFORMED_MESSAGE")],
  ["refuses groups without a bottom", framed(Buffer.alloc(200, 0x13)), refused("MALFORMED_MESSAGE")],
  ["refuses a message that ends after a tag", framed(Buffer.from([0x0a])), refused("MALFORMED_MESSAGE")],
  ["refuses a call without a message", Buffer.alloc(0), refused("MALFORMED_MESSAGE")],
  ["refuses a call that ends inside the prefix", Buffer.from([0, 0]), refused("MALFORMED_MESSAGE")],
  ["refuses a call that ends before the name", framed(everyWireType).subarray(0, 40), refused("MALFORMED_MESSAGE")],
];

describe("the namespace field", () => {
  test.each(cases)("%s, in one piece", (_name, bytes, expected) => {
    expect(readIn([bytes])).toEqual(expected);
  });

  test.each(cases)("%s, split at every position", (_name, bytes, expected) => {
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(readIn([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }
  });

  test.each(cases)("%s, byte by byte", (_name, bytes, expected) => {
    expect(readIn(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(expected);
  });

  test.each(cases)("is read at the start of a chunk only as it is read byte by byte: %s", (_name, bytes, expected) => {
    const namespace = namespaceAtStart(bytes);
    if (namespace !== undefined) expect(found(namespace)).toEqual(expected);
  });

  test.each(["demo", "n".repeat(127)])("is read at once when it is the first field: %.8s", (name) => {
    expect(namespaceAtStart(framed(new BinaryWriter().tag(1, 2).string(name).finish()))).toBe(name);
  });

  test("answers as soon as the name is there, before the message is", () => {
    const bytes = framed(new BinaryWriter().tag(1, 2).string("demo").tag(3, 2).bytes(new Uint8Array(9000)).finish());
    expect(new NamespaceField().push(bytes.subarray(0, 11))).toEqual(found("demo"));
  });

  test("reads random bytes the same however they are split", () => {
    const random = seeded(20_241);
    for (let round = 0; round < 2_000; round += 1) {
      const body = Buffer.from(Array.from({ length: 1 + (random() % 40) }, () => random() % 256));
      const bytes = framed(body);
      const whole = readIn([bytes]);
      expect(["found", "refused"]).toContain(whole.kind);
      const atOnce = namespaceAtStart(bytes);
      if (atOnce !== undefined) expect(whole).toEqual(found(atOnce));
      const first = random() % bytes.length;
      const second = first + (random() % (bytes.length - first));
      const split = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
      expect(readIn(split)).toEqual(whole);
    }
  });
});

/** A linear congruential generator: the same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor(state / 65_536);
  };
}
