import assert from "node:assert/strict";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import { seededRandom } from "../seeded-random.js";

/** A message, what is left out empty. */
export function messageOf(fields: Partial<Message> & { readonly text?: string } = {}): Message {
  const { text = "", ...rest } = fields;
  return { id: "", key: "", headers: [], contentType: "", payload: Buffer.from(text), ...rest };
}

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const header = (name: string, value: Uint8Array | string) => ({ name, value: Buffer.from(value) });

/** Messages that are easily changed on their way; each has an id of its own. */
export function trickyMessages(): readonly Message[] {
  const random = seededRandom(7);
  const shapes: Partial<Message>[] = [
    { payload: Buffer.alloc(0) },
    { payload: everyByte, contentType: "application/octet-stream" },
    { payload: Buffer.from("\0") },
    { payload: Buffer.from('{"a":"é\\u0000😀"}'), contentType: "application/json; charset=utf-8" },
    { payload: Buffer.from([0xff, 0xfe, 0xc3, 0x28]) },
    { key: "k".repeat(1_024) },
    { key: "é:{}*\0\r\n%\u2028😀" },
    { contentType: "c".repeat(256) },
    { headers: [header("a", "1"), header("b", "2"), header("a", "3")] },
    { headers: [header("A", "upper"), header("a", "lower"), header("à", "accent")] },
    { headers: [header("binary", everyByte), header("empty", ""), header("nul", "\0")] },
    { headers: [header("n".repeat(128), "v"), header("with space : and =", "a\r\nb"), header("😀", "😀")] },
    { headers: [header("__proto__", "p"), header("constructor", "c"), header("toString", "t")] },
    { headers: Array.from({ length: 64 }, (_, index) => header(`header ${index}`, random.bytes(480))) },
    { headers: [header("large", random.bytes(32_763))] },
  ];
  const ids = ["i".repeat(128), "😀".repeat(32), "\0", "a:b", "a b", "*", "é", "e\u0301"];
  return [
    ...shapes.map((shape, index) => messageOf({ text: `payload ${index}`, ...shape, id: `shape ${index}` })),
    ...ids.map((id) => messageOf({ id, text: `of ${id}` })),
  ];
}

/** Asserts that a message has arrived as it was sent. */
export function assertSameMessage(arrived: Message | undefined, sent: Message, what = `message ${sent.id}`): void {
  const { payload = Buffer.alloc(0), headers = [], ...rest } = arrived ?? {};
  const { payload: sentPayload, headers: sentHeaders, ...sentRest } = sent;
  assert.deepEqual(rest, sentRest, what);
  assert.deepEqual(headers.map(headerText), sentHeaders.map(headerText), `the headers of ${what}`);
  assert.equal(payload.length, sentPayload.length, `the size of the payload of ${what}`);
  // Not deepEqual: it would print megabytes.
  assert.ok(Buffer.compare(payload, sentPayload) === 0, `the payload of ${what} is not the one that was sent`);
}

function headerText({ name, value }: Message["headers"][number]): string {
  return `${name}=${Buffer.from(value).toString("hex")}`;
}
