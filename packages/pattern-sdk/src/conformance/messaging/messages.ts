import assert from "node:assert/strict";
import type { GatewayError } from "../../errors.js";
import type { Message, Outcome } from "../../protocol/gen/prism/message/v1/message.js";
import { failureInStatus } from "../failure-in-status.js";

/** Some fields of a message. */
export type MessageFields = Partial<Omit<Message, "payload">> & { readonly payload?: Uint8Array | string };

/** What is said of a message in a case; a text is its payload. */
export type MessageParts = string | MessageFields;

/** A message as the wire has it, what is left out empty. */
export function messageOf(parts: MessageParts = {}): Message {
  const { payload = "", ...others } = typeof parts === "string" ? { payload: parts } : parts;
  return { id: "", key: "", headers: [], contentType: "", ...others, payload: Buffer.from(payload) };
}

/** So many messages, numbered by their payloads from `first` on. */
export function numbered(count: number, first = 0): string[] {
  return Array.from({ length: count }, (_, index) => String(first + index));
}

/** The payload as text. */
export function textOf({ payload }: Message): string {
  return Buffer.from(payload).toString();
}

/** The id or the failure of one message of a call. */
export function outcomeOf({ outcome }: Outcome): string | GatewayError {
  if (outcome?.$case === "id") return outcome.value;
  if (outcome === undefined) throw new Error("An outcome is neither an id nor an error.");
  return failureInStatus(outcome.value);
}

/** Asserts that a message has arrived as it was sent, byte for byte. */
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
