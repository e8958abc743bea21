import * as fc from "fast-check";
import { expect, test } from "vitest";
import {
  NamespaceField,
  type NamespaceReading,
  namespaceAtStart,
} from "../../packages/proxy/src/routing/namespace-field.js";
import { bytesOf, chunked, cuts, holds } from "./fuzz.ts";

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const field = (number: number, wireType: number, content: Buffer) =>
  Buffer.concat([varint(number * 8 + wireType), content]);
const delimited = (number: number, content: Buffer) =>
  field(number, 2, Buffer.concat([varint(content.length), content]));

/** Fields other than the namespace, well formed. */
const other = fc.oneof(
  fc.tuple(fc.integer({ min: 2, max: 3_000 }), bytesOf(200)).map(([number, bytes]) => delimited(number, bytes)),
  fc.tuple(fc.integer({ min: 2, max: 40 }), fc.nat()).map(([number, value]) => field(number, 0, varint(value))),
  fc.integer({ min: 2, max: 40 }).map((number) => field(number, 1, Buffer.alloc(8, 0x0a))),
  fc.integer({ min: 2, max: 40 }).map((number) => field(number, 5, Buffer.alloc(4, 0x0a))),
  fc
    .integer({ min: 2, max: 40 })
    .map((number) =>
      Buffer.concat([
        field(number, 3, Buffer.alloc(0)),
        delimited(1, Buffer.from("inside")),
        field(number, 4, Buffer.alloc(0)),
      ]),
    ),
);
const name = fc
  .string({ minLength: 1, maxLength: 30, unit: "grapheme" })
  .filter((text) => Buffer.byteLength(text) <= 128);

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function read(chunks: readonly Buffer[]): NamespaceReading {
  const reader = new NamespaceField();
  for (const chunk of chunks) {
    const reading = reader.push(chunk);
    if (reading.kind !== "incomplete") return reading;
  }
  return reader.end();
}

test("the first field 1 is found behind and before any others, however the message is cut", async () => {
  const others = fc.array(other, { maxLength: 6 });
  await holds(
    fc.asyncProperty(others, name, others, cuts, async (before, namespace, after, places) => {
      const later = delimited(1, Buffer.from("later"));
      const bytes = framed(Buffer.concat([...before, delimited(1, Buffer.from(namespace)), ...after, later]));
      expect(read(chunked(bytes, places))).toEqual({ kind: "found", namespace: Buffer.from(namespace).toString() });
    }),
  );
});

test("any bytes are read the same however they are cut, and the short way agrees with the long one", async () => {
  const pieces = fc.array(
    fc.oneof(
      other,
      bytesOf(12),
      name.map((text) => delimited(1, Buffer.from(text))),
    ),
    { maxLength: 6 },
  );
  await holds(
    fc.asyncProperty(pieces, fc.nat({ max: 20 }), cuts, async (parts, lie, places) => {
      const bytes = framed(Buffer.concat(parts));
      bytes.writeUInt32BE(Math.max(0, bytes.readUInt32BE(1) + (lie < 5 ? lie - 2 : 0)), 1);
      const whole = read([bytes]);
      expect(read(chunked(bytes, places))).toEqual(whole);
      expect(read(Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(whole);
      const short = namespaceAtStart(bytes);
      if (short !== undefined) expect(whole).toEqual({ kind: "found", namespace: short });
    }),
  );
});
