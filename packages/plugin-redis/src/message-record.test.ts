import { GatewayError, messageSizeBytes } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import { decodeMessage, encodeMessage, messageLayout } from "./message-record.js";

const nothing = { id: "m", key: "", headers: [], contentType: "", payload: Buffer.alloc(0) };

test.each([
  ["nothing but an id", nothing, ""],
  [
    "everything",
    {
      id: "é\0😀",
      key: "k".repeat(1_024),
      headers: [
        { name: "n", value: Buffer.from([0, 255, 10]) },
        { name: "n", value: Buffer.alloc(0) },
        { name: "ñ", value: Buffer.alloc(32_768, 7) },
      ],
      contentType: "text/plain; charset=utf-8",
      payload: Buffer.from([0, 1, 254, 255]),
    },
    "a.b.ö",
  ],
])("a message with %s is read as it was written, and its size can be found", (_, message, topic) => {
  const record = encodeMessage(message, topic);
  expect(decodeMessage(record)).toEqual({ message, topic });
  expect(record.readUInt32BE(messageLayout.sizeAt)).toBe(messageSizeBytes(message));
});

test("the payload is a view into the record", () => {
  const record = encodeMessage({ ...nothing, payload: Buffer.from("abc") });
  record[record.length - 1] = 0x78;
  expect(decodeMessage(record).message.payload.toString()).toBe("abx");
});

test.each([
  ["nothing", Buffer.alloc(0)],
  ["another version", Buffer.alloc(20, 2)],
])("%s is no record of this plugin", (_, record) => {
  expect(() => decodeMessage(record)).toThrow(GatewayError);
});
