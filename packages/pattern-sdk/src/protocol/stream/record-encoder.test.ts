import fc from "fast-check";
import { expect, test } from "vitest";
import { ConsumeResponse, ReadResponse } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../message.js";
import { encodeConsumeRecords, encodeReadRecords } from "./record-encoder.js";
import { wireRecord } from "./wire-answers.js";

const text = fc.string({ unit: "binary", maxLength: 200 });
const bytes = fc.uint8Array({ maxLength: 300 });
const record = fc.record({
  partition: fc.nat(2_000),
  offset: fc.oneof(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.bigInt({ min: 0n, max: 300n })),
  appendedAtMs: fc.oneof(fc.integer({ min: -1_000, max: 3_000 }), fc.constant(1_700_000_000_123), fc.constant(0.5)),
  message: fc.record({
    id: text,
    key: text,
    headers: fc.array(fc.record({ name: text, value: bytes }), { maxLength: 3 }),
    contentType: text,
    payload: fc.oneof(bytes, fc.constant(new Uint8Array(70_000))),
  }),
});

test("records are written as the generated code writes them, for a reader and for a member of a group", () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 3 }), (records) => {
      const wired = records.map(wireRecord);
      const read = encodeMessage(ReadResponse, { records: wired, caughtUp: false });
      expect(Buffer.compare(encodeReadRecords(records), read)).toBe(0);
      const consumed = encodeMessage(ConsumeResponse, { event: { $case: "records", value: { records: wired } } });
      expect(Buffer.compare(encodeConsumeRecords(records), consumed)).toBe(0);
    }),
    { numRuns: 300 },
  );
});
