import type { KeyValueCapability } from "../../patterns/key-value/key-value-capabilities.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import type { InvalidRequests } from "../pattern-suite.js";
import { tokenAt } from "../tokens.js";
import type { KeyValueClient } from "./key-value-client.js";

/** Beyond the longest key by one byte, in characters of one and of several bytes. */
const tooLong = ["x".repeat(1_025), `${"é".repeat(512)}a`];

const tenYearsSeconds = 315_576_000n;

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

/** Requests that are refused whatever is stored. */
export const invalidRequests: readonly InvalidRequests<KeyValueClient, KeyValueCapability>[] = [
  {
    what: "keys",
    needs: [],
    requests: ["", ...tooLong].flatMap((key) => [
      { field: "key", send: (kv) => kv.get(key) },
      { field: "key", send: (kv) => kv.set(key, "v") },
      { field: "key", send: (kv) => kv.delete(key) },
      { field: "key", send: (kv) => kv.exists(key) },
    ]),
  },
  {
    what: "idempotency tokens",
    needs: [],
    requests: [
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
  },
  {
    what: "times to live",
    needs: ["ttl"],
    requests: [
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
  },
  {
    what: "conditions",
    needs: ["conditional"],
    requests: [
      { field: "if_absent", send: (kv) => kv.set("k", "v", { ifAbsent: false }) },
      { field: "if_etag", send: (kv) => kv.set("k", "v", { ifEtag: "" }) },
      { field: "if_etag", send: (kv) => kv.set("k", "v", { ifEtag: "x".repeat(129) }) },
      { field: "if_etag", send: (kv) => kv.delete("k", "") },
    ],
  },
  {
    what: "batches",
    needs: ["batch"],
    requests: [
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
  },
  {
    what: "scans",
    needs: ["scan"],
    requests: [
      { field: "limit", send: (kv) => kv.scanPage({ limit: 10_001 }) },
      { field: "page_size_bytes", send: (kv) => kv.scanPage({ pageSizeBytes: 3_145_729 }) },
      { field: "prefix", send: (kv) => kv.scanPage({ prefix: tooLong[0]! }) },
    ],
  },
  {
    what: "ranges",
    needs: ["ordered_scan"],
    requests: [{ field: "range.end", send: (kv) => kv.scanPage({ range: { start: "b", end: "a" } }) }],
  },
  {
    what: "counts",
    needs: ["count"],
    requests: [{ field: "prefix", send: (kv) => kv.count(tooLong[1]!) }],
  },
  {
    what: "increments",
    needs: ["counter"],
    requests: [{ field: "key", send: (kv) => kv.increment("", 1n) }],
  },
  {
    what: "transactions",
    needs: ["transaction"],
    requests: [
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
  },
  {
    what: "watches",
    needs: ["watch"],
    requests: [{ field: "prefix", send: (kv) => kv.watch(tooLong[0]!) }],
  },
];
