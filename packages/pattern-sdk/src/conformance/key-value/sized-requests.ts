import type { SizedRequests } from "../pattern-suite.js";
import type { KeyValueClient } from "./key-value-client.js";

/** Requests whose sizes an operator may limit. */
export const sizedRequests: readonly SizedRequests<KeyValueClient>[] = [
  { needs: [], values: { Set: (kv, sizeBytes) => kv.set("sized", "v".repeat(sizeBytes)) }, batches: {} },
  {
    needs: ["batch"],
    values: { BatchSet: (kv, sizeBytes) => kv.batchSet([{ key: "sized", value: "v".repeat(sizeBytes) }]) },
    batches: {
      BatchGet: (kv, entries) => kv.batchGet(keys(entries)),
      BatchSet: (kv, entries) => kv.batchSet(keys(entries).map((key) => ({ key, value: "v" }))),
      BatchDelete: (kv, entries) => kv.batchDelete(keys(entries).map((key) => ({ key }))),
    },
  },
  {
    needs: ["transaction"],
    values: { Transact: (kv, sizeBytes) => kv.transact([], [{ set: "sized", value: "v".repeat(sizeBytes) }]) },
    batches: {
      Transact: (kv, entries) =>
        kv.transact(
          [],
          keys(entries).map((key) => ({ set: key, value: "v" })),
        ),
      "Transact on conditions": (kv, entries) =>
        kv.transact(
          keys(entries).map((key) => ({ key: `no ${key}`, exists: false })),
          [{ delete: "sized" }],
        ),
    },
  },
];

function keys(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `sized ${index}`);
}
