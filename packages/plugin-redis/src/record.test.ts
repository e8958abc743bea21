import { EtagSource } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import { decodeRecord, encodeExpiry, encodeRecord, recordLayout } from "./record.js";

const etag = new EtagSource().next();

describe("a record", () => {
  test.each([
    ["an empty value", Buffer.alloc(0), undefined],
    ["every byte", Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), undefined],
    ["a time to live of the year 2026", Buffer.from("v"), 1_795_475_018_123],
    ["the last moment below 2^32 ms", Buffer.from("v"), 2 ** 32 - 1],
    ["the first moment from 2^32 ms", Buffer.from("v"), 2 ** 32],
    ["the largest moment that is exact", Buffer.from("v"), Number.MAX_SAFE_INTEGER],
  ])("carries %s", (_, value, expiresAtMs) => {
    expect(decodeRecord(encodeRecord({ value, etag, expiresAtMs }))).toEqual({ value, etag, expiresAtMs });
  });

  test("has its parts where the scripts look for them", () => {
    const record = encodeRecord({ value: Buffer.from("value"), etag, expiresAtMs: 258 });
    expect(record[0]).toBe(1);
    expect(record.subarray(recordLayout.expiryAt, recordLayout.etagAt)).toEqual(encodeExpiry(258));
    expect([...encodeExpiry(258)]).toEqual([0, 0, 0, 0, 0, 0, 1, 2]);
    expect(record.subarray(recordLayout.etagAt, recordLayout.valueAt).toString()).toBe(etag);
    expect(record.subarray(recordLayout.valueAt).toString()).toBe("value");
  });

  test("hands out its value as a view", () => {
    const record = encodeRecord({ value: Buffer.from("v"), etag });
    record[recordLayout.valueAt] = 0x77;
    expect(decodeRecord(record).value.toString()).toBe("w");
  });

  test.each([
    ["text that somebody else wrote", Buffer.from("hello")],
    [
      "a record of another version",
      Buffer.concat([Buffer.of(2), encodeRecord({ value: Buffer.alloc(0), etag }).subarray(1)]),
    ],
    ["half a header", encodeRecord({ value: Buffer.alloc(0), etag }).subarray(0, 30)],
  ])("is not %s: BACKEND_FAILED", (_, bytes) => {
    expect(() => decodeRecord(bytes)).toThrow(expect.objectContaining({ reason: "BACKEND_FAILED" }));
  });
});
