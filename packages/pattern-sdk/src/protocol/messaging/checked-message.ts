import { randomUUID } from "node:crypto";
import type { Header, Message } from "../../patterns/messaging/message.js";
import type * as wire from "../gen/prism/message/v1/message.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";
import { checkName, checkText, invalidField } from "../pattern/checked-fields.js";
import { checkBatch, checkValue } from "../pattern/checked-sizes.js";
import {
  contentTypeBytesMax,
  headerNameBytesMax,
  headersBytesMax,
  headersMax,
  messageIdBytesMax,
  messageKeyBytesMax,
  messagesPerRequestMax,
} from "./messaging-bounds.js";

/** Names of headers that plugins keep for what Prism itself must remember of a message. */
const ownHeaderPrefix = "prism-";

/** A namespace of a pattern whose apps send messages. */
type BoundMessages = BoundNamespace & { readonly bounds: { readonly payloadBytesMax: number } };

/** The messages of one request, checked, each with an id. `field` is the path of the list. */
export function checkedMessages(
  bound: BoundMessages,
  messages: readonly wire.Message[],
  field: string,
): readonly Message[] {
  checkBatch(bound, messages.length, messagesPerRequestMax, field);
  return messages.map((message, index) => checkedMessage(bound, message, `${field}[${index}]`));
}

/**
 * A message as its sender made it, checked, with an id. `field` is its path. Throws `INVALID_FIELD`, `VALUE_TOO_LARGE` or
 * `SIZE_LIMIT_EXCEEDED`.
 */
export function checkedMessage(bound: BoundMessages, message: wire.Message | undefined, field: string): Message {
  if (message === undefined) throw invalidField(field, "is required");
  const { id, key, headers, contentType, payload } = message;
  checkText(id, messageIdBytesMax, `${field}.id`);
  checkText(key, messageKeyBytesMax, `${field}.key`);
  checkHeaders(headers, `${field}.headers`);
  checkText(contentType, contentTypeBytesMax, `${field}.content_type`);
  checkValue(bound, payload, bound.bounds.payloadBytesMax, `${field}.payload`);
  return id === "" ? { ...message, id: randomUUID() } : message;
}

function checkHeaders(headers: readonly Header[], field: string): void {
  if (headers.length === 0) return;
  if (headers.length > headersMax) throw invalidField(field, `has ${headers.length} entries; give 0 to ${headersMax}`);
  let sizeBytes = 0;
  for (const [index, { name, value }] of headers.entries()) {
    checkName(name, headerNameBytesMax, `${field}[${index}].name`);
    if (name.startsWith(ownHeaderPrefix)) {
      throw invalidField(`${field}[${index}].name`, `starts with "${ownHeaderPrefix}", which is kept for Prism itself`);
    }
    sizeBytes += Buffer.byteLength(name) + value.length;
  }
  if (sizeBytes > headersBytesMax) {
    throw invalidField(field, `hold ${sizeBytes} bytes of names and values; at most ${headersBytesMax} are allowed`);
  }
}
