import { describe, expect, test } from "vitest";
import { Message } from "./gen/prism/message/v1/message.js";
import { decodeMessage, encodeMessage } from "./message.js";

const messageOf = (payload: Uint8Array) => ({ id: "m", key: "", headers: [], contentType: "", payload });
const payloadOf = (bytes: Uint8Array) => decodeMessage(Message, bytes, "prism.message.v1.Message").payload;

describe("encodeMessage", () => {
  test("gives bytes that the next message does not touch", () => {
    const first = encodeMessage(Message, messageOf(Buffer.alloc(1_000, "a")));
    encodeMessage(Message, messageOf(Buffer.alloc(2_000, "b")));
    expect(Buffer.from(payloadOf(first))).toEqual(Buffer.alloc(1_000, "a"));
  });

  test("works after a message that cannot be written, and for one larger than any buffer that is kept", () => {
    expect(() => encodeMessage(Message, messageOf(null as unknown as Uint8Array))).toThrow();
    const large = Buffer.alloc(3_000_000, "c");
    expect(large.equals(payloadOf(encodeMessage(Message, messageOf(large))))).toBe(true);
    expect(Buffer.from(payloadOf(encodeMessage(Message, messageOf(Buffer.from("d")))))).toEqual(Buffer.from("d"));
  });
});
