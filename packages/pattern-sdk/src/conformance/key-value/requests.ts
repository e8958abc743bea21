import assert from "node:assert/strict";
import type { KeyValueCapability } from "../../capability.js";
import type { GatewayError } from "../../errors.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage, type MessageType } from "../../protocol/message.js";
import { expectFailure, failureOf } from "../expect-failure.js";
import { casesOf } from "../key-value-case.js";
import type { KeyValueClient } from "../key-value-client.js";
import { tokenAt } from "./tokens.js";

/** Beyond the longest key by one byte, in characters of one and of several bytes. */
const tooLong = ["x".repeat(1_025), `${"é".repeat(512)}a`];

const tenYearsSeconds = 315_576_000n;

interface InvalidRequest {
  /** The field that the answer must name. */
  readonly field: string;
  readonly send: (kv: KeyValueClient) => Promise<unknown>;
}

const setWith = (fields: Partial<wire.SetRequest>) => (kv: KeyValueClient) => {
  const set = { ...wire.SetRequest.decode(new Uint8Array()), namespace: kv.namespace, key: "k", ...fields };
  return kv.call("Set", wire.SetRequest, wire.SetResponse, set);
};

const ttlOf = (seconds: bigint, nanos = 0) => setWith({ ttl: { seconds, nanos } });

const expireIn = (seconds: bigint | undefined) => (kv: KeyValueClient) => {
  const ttl = seconds === undefined ? undefined : { seconds, nanos: 0 };
  return kv.call("Expire", wire.ExpireRequest, wire.ExpireResponse, { namespace: kv.namespace, key: "k", ttl });
};

const transactWith = (fields: Partial<wire.TransactRequest>) => (kv: KeyValueClient) => {
  const set = { $case: "set" as const, value: { key: "k", value: new Uint8Array(), ttl: undefined } };
  const transact = { namespace: kv.namespace, conditions: [], mutations: [{ action: set }], ...fields };
  return kv.call("Transact", wire.TransactRequest, wire.TransactResponse, transact);
};

/** Requests that are refused whatever is stored, by the capabilities that a namespace needs to look at them. */
const invalidRequests: readonly (readonly [
  needs: readonly KeyValueCapability[],
  requests: readonly InvalidRequest[],
])[] = [
  [
    [],
    ["", ...tooLong].flatMap((key) => [
      { field: "key", send: (kv) => kv.get(key) },
      { field: "key", send: (kv) => kv.set(key, "v") },
      { field: "key", send: (kv) => kv.delete(key) },
      { field: "key", send: (kv) => kv.exists(key) },
    ]),
  ],
  [
    [],
    [
      {
        field: "idempotency_token.time",
        send: setWith({ idempotencyToken: { time: undefined, nonce: Uint8Array.of(1) } }),
      },
      { field: "idempotency_token.nonce", send: setWith({ idempotencyToken: tokenAt(1, "") }) },
      { field: "idempotency_token.nonce", send: setWith({ idempotencyToken: tokenAt(1, new Uint8Array(17)) }) },
      {
        field: "idempotency_token.time",
        send: setWith({ idempotencyToken: { time: { seconds: 1n, nanos: 1 }, nonce: Uint8Array.of(1) } }),
      },
    ],
  ],
  [
    ["ttl"],
    [
      { field: "ttl", send: ttlOf(0n) },
      { field: "ttl", send: ttlOf(-1n) },
      { field: "ttl", send: ttlOf(0n, -1_000_000) },
      { field: "ttl", send: ttlOf(tenYearsSeconds, 1_000_000) },
      { field: "ttl", send: ttlOf(2n ** 62n) },
      { field: "ttl", send: ttlOf(1n, 1) },
      { field: "ttl", send: expireIn(0n) },
      { field: "ttl", send: expireIn(-5n) },
      { field: "ttl", send: expireIn(undefined) },
      { field: "key", send: (kv) => kv.expire("", 60_000) },
      { field: "key", send: (kv) => kv.persist("") },
      { field: "key", send: (kv) => kv.getTtl(tooLong[0]!) },
    ],
  ],
  [
    ["conditional"],
    [
      { field: "if_absent", send: (kv) => kv.set("k", "v", { ifAbsent: false }) },
      { field: "if_etag", send: (kv) => kv.set("k", "v", { ifEtag: "" }) },
      { field: "if_etag", send: (kv) => kv.set("k", "v", { ifEtag: "x".repeat(129) }) },
      { field: "if_etag", send: (kv) => kv.delete("k", "") },
    ],
  ],
  [
    ["batch"],
    [
      { field: "keys", send: (kv) => kv.batchGet([]) },
      { field: "keys", send: (kv) => kv.batchGet(Array.from({ length: 1_001 }, () => "k")) },
      { field: "keys[1]", send: (kv) => kv.batchGet(["k", ""]) },
      { field: "entries", send: (kv) => kv.batchSet([]) },
      { field: "entries", send: (kv) => kv.batchSet(Array.from({ length: 1_001 }, () => ({ key: "k", value: "v" }))) },
      {
        field: "entries[1].key",
        send: (kv) =>
          kv.batchSet([
            { key: "k", value: "v" },
            { key: tooLong[0]!, value: "v" },
          ]),
      },
      { field: "entries", send: (kv) => kv.batchDelete([]) },
      { field: "entries[2].key", send: (kv) => kv.batchDelete([{ key: "k" }, { key: "l" }, { key: "" }]) },
    ],
  ],
  [
    ["scan"],
    [
      { field: "limit", send: (kv) => kv.scanPage({ limit: 10_001 }) },
      { field: "page_size_bytes", send: (kv) => kv.scanPage({ pageSizeBytes: 3_145_729 }) },
      { field: "prefix", send: (kv) => kv.scanPage({ prefix: tooLong[0]! }) },
    ],
  ],
  [["ordered_scan"], [{ field: "range.end", send: (kv) => kv.scanPage({ range: { start: "b", end: "a" } }) }]],
  [["count"], [{ field: "prefix", send: (kv) => kv.count(tooLong[1]!) }]],
  [["counter"], [{ field: "key", send: (kv) => kv.increment("", 1n) }]],
  [
    ["transaction"],
    [
      { field: "mutations", send: transactWith({ mutations: [] }) },
      { field: "mutations[0].action", send: transactWith({ mutations: [{ action: undefined }] }) },
      { field: "mutations[0].delete.key", send: (kv) => kv.transact([], [{ delete: "" }]) },
      { field: "conditions[0].test", send: transactWith({ conditions: [{ key: "k", test: undefined }] }) },
      { field: "conditions[0].key", send: (kv) => kv.transact([{ key: "", exists: true }], [{ delete: "k" }]) },
      { field: "conditions[0].etag", send: (kv) => kv.transact([{ key: "k", etag: "" }], [{ delete: "k" }]) },
      {
        field: "mutations",
        send: (kv) =>
          kv.transact(
            [],
            Array.from({ length: 1_001 }, () => ({ delete: "k" })),
          ),
      },
    ],
  ],
  [["watch"], [{ field: "prefix", send: (kv) => kv.watch(tooLong[0]!) }]],
];

export const requestCases = [
  ...invalidRequests.flatMap(([needs, requests], index) =>
    casesOf("requests", needs, {
      [`invalid fields are named and refused, and nothing is changed (${index + 1}: ${needs[0] ?? "basic"})`]: async (
        kv,
      ) => {
        await kv.set("k", "before");
        for (const [position, { field, send }] of requests.entries()) {
          assertNamesField(await expectFailure(send(kv), "INVALID_FIELD"), field, `request ${position}`);
        }
        assert.equal(await kv.text("k"), "before");
      },
    }),
  ),

  ...casesOf("requests", [], {
    "a value of the largest size is stored, and one byte more is refused": async (kv, { valueBytesMax }) => {
      await kv.set("k", Buffer.alloc(valueBytesMax, "v"));
      const refused = await expectFailure(kv.set("k", Buffer.alloc(valueBytesMax + 1)), "VALUE_TOO_LARGE");
      assertNamesField(refused, "value", "a value over the limit");
      assert.ok((await kv.get("k"))?.value.equals(Buffer.alloc(valueBytesMax, "v")));
    },

    "a message that is far too large is refused, and the connection goes on": async (kv) => {
      await kv.set("k", "before");
      await expectFailure(kv.set("k", Buffer.alloc(8 * 2 ** 20)), "MESSAGE_TOO_LARGE");
      assert.equal(await kv.text("k"), "before");
    },

    "bytes that are not the message are refused": async (kv) => {
      const cutShort = encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "key" }).subarray(0, -1);
      const notUtf8 = Buffer.concat([namespaceField(kv), Buffer.of(0x12, 0x02, 0xc3, 0x28)]);
      for (const bytes of [cutShort, notUtf8, Buffer.concat([namespaceField(kv), Buffer.of(0xff, 0xff, 0xff)])]) {
        await expectFailure(kv.callBytes("Get", bytes), "MALFORMED_MESSAGE");
      }
    },

    "fields that are not known are ignored": async (kv) => {
      await kv.set("k", "v");
      const unknown = Buffer.of(0xfa, 0x7f, 0x03, 0x61, 0x62, 0x63);
      const request = Buffer.concat([encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "k" }), unknown]);
      const { found, value } = wire.GetResponse.decode(await kv.callBytes("Get", request));
      assert.deepEqual([found, Buffer.from(value).toString()], [true, "v"]);
    },

    "a namespace that is not bound, and a missing one, are refused": async (_, subject) => {
      await expectFailure(subject.clientOf(subject.freshName()).get("k"), "NAMESPACE_NOT_FOUND");
      const refused = await failureOf(subject.clientOf("").get("k"));
      assert.ok(["NAMESPACE_NOT_FOUND", "INVALID_FIELD"].includes(refused.reason), refused.reason);
    },

    "a method that does not exist is refused": async (kv) => {
      const request = encodeMessage(wire.GetRequest as MessageType<wire.GetRequest>, {
        namespace: kv.namespace,
        key: "k",
      });
      await expectFailure(kv.callBytes("Fetch", request), "METHOD_NOT_FOUND");
    },
  }),
];

function assertNamesField(refused: GatewayError, field: string, what: string): void {
  const named = refused.fieldViolations.map((violation) => violation.field);
  assert.deepEqual(named, [field], `${what}: the field that is named`);
  assert.notEqual(refused.fieldViolations[0]?.description, "", `${what}: the description`);
}

/** Field 1 of every request, as bytes. */
function namespaceField(kv: KeyValueClient): Buffer {
  return Buffer.from(encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "" }));
}
