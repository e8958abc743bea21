import { describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import { noSizeLimits } from "../../patterns/size-limits.js";
import type { Message } from "../gen/prism/message/v1/message.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";
import { checkedMessage, checkedMessages } from "./checked-message.js";

const plain: Message = { id: "", key: "", headers: [], contentType: "", payload: new Uint8Array(0) };
/** A namespace that takes payloads of 100 bytes. */
const namespace = { bounds: { payloadBytesMax: 100 }, sizeLimits: noSizeLimits } as BoundNamespace & {
  readonly bounds: { readonly payloadBytesMax: number };
};

const header = (name: string, sizeBytes = 0) => ({ name, value: new Uint8Array(sizeBytes) });

describe("a message is taken with", () => {
  test.each([
    ["nothing in it", {}],
    ["an id, a key and a content type of the longest", idKeyAndType(128, 1_024, 256)],
    ["64 headers", { headers: Array.from({ length: 64 }, () => header("h")) }],
    ["headers of 32 KiB", { headers: [header("h".repeat(128), 32_768 - 128)] }],
    ["a header that only looks like one of Prism's", { headers: [header("prism"), header("Prism-x")] }],
    ["a payload of the limit", { payload: new Uint8Array(100) }],
  ])("%s", (_, fields) => {
    const message = { ...plain, id: "given", ...fields };
    expect(checkedMessage(namespace, message, "m")).toEqual(message);
  });
});

describe("a message is refused with", () => {
  test.each([
    ["an id that is too long", { id: `${"é".repeat(64)}x` }, "m.id"],
    ["a key that is too long", { key: "k".repeat(1_025) }, "m.key"],
    ["a content type that is too long", { contentType: "t".repeat(257) }, "m.content_type"],
    ["65 headers", { headers: Array.from({ length: 65 }, () => header("h")) }, "m.headers"],
    ["headers of more than 32 KiB", { headers: [header("a", 16_384), header("b", 16_383)] }, "m.headers"],
    ["a header without a name", { headers: [header("a"), header("")] }, "m.headers[1].name"],
    ["a header whose name is too long", { headers: [header("n".repeat(129))] }, "m.headers[0].name"],
    ["a header of Prism's own", { headers: [header("prism-x")] }, "m.headers[0].name"],
    ["a payload over the limit", { payload: new Uint8Array(101) }, "m.payload"],
  ])("%s", (_, fields, field) => {
    expect(violationsOf(() => checkedMessage(namespace, { ...plain, ...fields }, "m"))).toEqual([field]);
  });
});

test("a message without an id gets one, another each time", () => {
  const ids = new Set(Array.from({ length: 1_000 }, () => checkedMessage(namespace, plain, "m").id));
  expect(ids.size).toBe(1_000);
  for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{1,128}$/);
});

test("a message that is not there is missed by its name", () => {
  expect(violationsOf(() => checkedMessage(namespace, undefined, "entries[2].message"))).toEqual([
    "entries[2].message",
  ]);
});

test.each([
  [0, ["messages"]],
  [1_001, ["messages"]],
])("%d messages are refused", (count, fields) => {
  const messages = Array.from({ length: count }, () => plain);
  expect(violationsOf(() => checkedMessages(namespace, messages, "messages"))).toEqual(fields);
});

test("the message that is wrong is named", () => {
  const messages = [plain, { ...plain, key: "k".repeat(1_025) }];
  expect(violationsOf(() => checkedMessages(namespace, messages, "messages"))).toEqual(["messages[1].key"]);
});

function idKeyAndType(idBytes: number, keyBytes: number, typeBytes: number) {
  return { id: "é".repeat(idBytes / 2), key: "k".repeat(keyBytes), contentType: "t".repeat(typeBytes) };
}

function violationsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return error.fieldViolations.map(({ field }) => field);
    throw error;
  }
  return [];
}
