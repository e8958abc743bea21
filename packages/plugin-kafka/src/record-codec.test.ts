import type { Message } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import type { FetchedRecord } from "./cluster.js";
import { decodeRecord, encodeRecord } from "./record-codec.js";

/** What kafkajs hands out of what it was given: headers by their names. */
function passed(message: Message): FetchedRecord {
  const { key, value, headers } = encodeRecord(message, { partition: 3, publishedTo: "a.b" });
  const given = { offset: "7", timestamp: "1000", isControlRecord: false };
  return {
    ...given,
    key: key as Buffer | null,
    value: value as Buffer | null,
    headers: grouped(headers as Readonly<Record<string, readonly Buffer[]>>),
  };
}

/** As kafkajs 2.2.4 groups headers by their names: what every object inherits counts as a first value. */
function grouped(headers: Readonly<Record<string, readonly Buffer[]>>): FetchedRecord["headers"] {
  const pairs = Object.entries(headers).flatMap(([name, values]) => values.map((value) => [name, value] as const));
  let groups: Record<string, Buffer | Buffer[]> = {};
  for (const [name, value] of pairs) {
    const before = groups[name];
    groups = { ...groups, [name]: before === undefined ? value : [before, value].flat() };
  }
  return groups;
}

const header = (name: string, value = name) => ({ name, value: Buffer.from(value) });
const plain: Message = { id: "i", key: "", headers: [], contentType: "", payload: Buffer.alloc(0) };

describe("a message comes back as it was", () => {
  test.each<[string, Partial<Message>]>([
    ["with nothing but an id", {}],
    [
      "with a key, a content type and a payload",
      { key: "k", contentType: "text/plain", payload: Buffer.from([0, 255]) },
    ],
    ["with headers whose names look like numbers", { headers: [header("2"), header("1")] }],
    [
      "with a header that stands twice, with another between",
      { headers: [header("a", "1"), header("b"), header("a", "2")] },
    ],
    [
      "with a header that is called like a property of every object",
      { headers: [header("constructor"), header("__proto__"), header("__proto__", "again"), header("toString")] },
    ],
    ["with an empty header", { headers: [header("a", "")] }],
  ])("%s", (_, parts) => {
    const message = { ...plain, ...parts };
    const place = { partition: 3, offset: 7n, appendedAtMs: 1_000, publishedTo: "a.b" };
    expect(decodeRecord(3, passed(message))).toEqual({ ...place, message });
  });
});

test("a record that another program wrote has its place as its id", () => {
  const foreign = { offset: "7", timestamp: "1", key: null, value: null, headers: {}, isControlRecord: false };
  expect(decodeRecord(3, foreign).message).toEqual({ ...plain, id: "3-7" });
});
