import type { Message } from "@prism-data/pattern-sdk";
import { headers } from "nats";
import { expect, test } from "vitest";
import { headersOf, messageOf } from "./wire-message.js";

const full: Message = {
  id: "1\r\nx: y",
  key: "schlüssel: 1",
  contentType: "text/plain; charset=utf-8",
  headers: [
    { name: "trace", value: Buffer.from([0, 255, 13, 10]) },
    { name: "Trace", value: Buffer.alloc(0) },
    { name: "trace", value: Buffer.from("again") },
    { name: "a:b é", value: Buffer.from(":") },
  ],
  payload: Buffer.from([1, 2, 3]),
};

test.each<[string, Message]>([
  ["everything", full],
  ["nothing but an id", { id: "1", key: "", contentType: "", headers: [], payload: Buffer.alloc(0) }],
])("a message with %s is read as it was written", (_, message) => {
  const { message: read, acceptedAtMs } = messageOf(headersOf(message, 1_700_000_000_123), message.payload);
  expect(read).toEqual(message);
  expect(acceptedAtMs).toBe(1_700_000_000_123);
});

test("a message of another client has its payload and nothing else", () => {
  const foreign = headers();
  foreign.set("X-Own", "1");
  for (const given of [undefined, foreign]) {
    const { message } = messageOf(given, Buffer.from("p"));
    expect(message).toEqual({ id: "", key: "", contentType: "", headers: [], payload: Buffer.from("p") });
  }
});
