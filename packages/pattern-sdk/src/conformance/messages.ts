import assert from "node:assert/strict";
import type { GatewayError } from "../errors.js";
import type { Message, Outcome } from "../protocol/gen/prism/message/v1/message.js";
import { failureInStatus } from "./failure-in-status.js";

/** What is said of a message in a case; a text is its payload. */
export type MessageParts = string | (Partial<Omit<Message, "payload">> & { readonly payload?: Uint8Array | string });

/** A message as the wire has it. */
export function messageOf(parts: MessageParts): Message {
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

/** Asserts that a message is the one that was sent, byte for byte. */
export function assertSameMessage(actual: Message, sent: Message): void {
  assert.deepEqual(comparable(actual), comparable(sent));
}

function comparable({ id, key, headers, contentType, payload }: Message) {
  return {
    ...{ id, key, contentType },
    headers: headers.map(({ name, value }) => [name, Buffer.from(value).toString("hex")]),
    payload: Buffer.from(payload).toString("base64"),
  };
}
