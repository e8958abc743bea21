import { valueBytesMax } from "../../protocol/pattern/message-bounds.js";
import type { CapabilityPromises, PatternKind } from "../pattern-kind.js";
import type { KeyValue } from "./key-value.js";
import { type KeyValueCapability, keyValueCapabilities } from "./key-value-capabilities.js";
import type { KeyValueLimits } from "./key-value-limits.js";

/** The types of the key-value pattern. */
export interface KeyValueTypes {
  readonly name: "key-value";
  readonly member: "keyValue";
  readonly api: KeyValue;
  readonly capability: KeyValueCapability;
  readonly limits: KeyValueLimits;
}

/** The key-value pattern. */
export const keyValueKind: PatternKind<KeyValueTypes> = {
  name: "key-value",
  service: "prism.keyvalue.v1.KeyValueService",
  member: "keyValue",
  minimum: "Get, Set, Delete and Exists",
  requiredMethods: ["get", "set", "delete", "exists"] satisfies (keyof KeyValue)[],
  capabilities: keyValueCapabilities,
  promises: {
    ttl: { methods: ["expire", "persist", "getTtl"] },
    scan: { methods: ["scan"] },
    ordered_scan: { methods: ["scan"], includes: ["scan"] },
    count: { methods: ["count"] },
    conditional: { methods: [] },
    batch: { methods: ["batchGet", "batchSet", "batchDelete"] },
    counter: { methods: ["increment"] },
    transaction: { methods: ["transact"] },
    watch: { methods: ["watch"] },
  } satisfies CapabilityPromises<KeyValueTypes>,
  addingMethods: ["Set", "BatchSet", "Increment", "Transact"],
  limits: {
    valueBytesMax: { default: valueBytesMax, min: 1, max: valueBytesMax, means: "the largest value, in bytes" },
    ttlGrainMs: { default: 1, min: 1, means: "times to live are whole multiples of this many milliseconds" },
  },
  loadMethods: async () => (await import("../../protocol/key-value/key-value-methods.js")).keyValueMethods,
};
