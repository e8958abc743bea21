import type { CapabilityPromises, PatternKind } from "../pattern-kind.js";
import type { Relational } from "./relational.js";
import { type RelationalCapability, relationalCapabilities } from "./relational-capabilities.js";
import type { RelationalLimits } from "./relational-limits.js";

/** The types of the relational pattern. */
export interface RelationalTypes {
  readonly name: "relational";
  readonly member: "relational";
  readonly api: Relational;
  readonly capability: RelationalCapability;
  readonly limits: RelationalLimits;
}

/** The relational pattern. */
export const relationalKind: PatternKind<RelationalTypes> = {
  name: "relational",
  service: "prism.relational.v1.RelationalService",
  member: "relational",
  minimum: "Query, Execute, ExecuteBatch and Transact",
  requiredMethods: ["query", "execute", "executeBatch", "begin"] satisfies (keyof Relational)[],
  capabilities: relationalCapabilities,
  promises: {
    read_committed: { methods: [] },
    repeatable_read: { methods: [] },
    serializable: { methods: [] },
    decimals: { methods: [] },
    arrays: { methods: [] },
  } satisfies CapabilityPromises<RelationalTypes>,
  addingMethods: [],
  limits: {},
  loadMethods: async () => (await import("../../protocol/relational/relational-methods.js")).relationalMethods,
};
