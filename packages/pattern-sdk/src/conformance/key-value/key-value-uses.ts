import type { KeyValueCapability } from "../../patterns/key-value/key-value-capabilities.js";
import type { KeyValueClient } from "./key-value-client.js";

/** One call per use of a capability; each must be refused where the namespace does not have it. */
export const keyValueUses: Readonly<
  Record<KeyValueCapability, Readonly<Record<string, (kv: KeyValueClient) => Promise<unknown>>>>
> = {
  ttl: {
    "Set with ttl": (kv) => kv.set("k", "v", { ttlMs: 60_000 }),
    Expire: (kv) => kv.expire("k", 60_000),
    Persist: (kv) => kv.persist("k"),
    GetTtl: (kv) => kv.getTtl("k"),
  },
  scan: { "Scan of a prefix": (kv) => kv.scanPage({ prefix: "a" }), "Scan of everything": (kv) => kv.scanPage() },
  ordered_scan: { "Scan of a range": (kv) => kv.scanPage({ range: { start: "a", end: "b" } }) },
  count: { Count: (kv) => kv.count() },
  conditional: {
    "Set with if_absent": (kv) => kv.set("k", "v", { ifAbsent: true }),
    "Set with if_etag": (kv) => kv.set("k", "v", { ifEtag: "x" }),
    "Delete with if_etag": (kv) => kv.delete("k", "x"),
  },
  batch: {
    BatchGet: (kv) => kv.batchGet(["k"]),
    BatchSet: (kv) => kv.batchSet([{ key: "k", value: "v" }]),
    BatchDelete: (kv) => kv.batchDelete([{ key: "k" }]),
  },
  counter: { Increment: (kv) => kv.increment("k", 1n) },
  transaction: { Transact: (kv) => kv.transact([], [{ set: "k", value: "v" }]) },
  watch: { Watch: (kv) => kv.watch() },
};
