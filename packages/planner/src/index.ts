export type { Capacity, Figure } from "./capacity.js";
export type { Verdict } from "./choose.js";
export type { Needs, WrittenNeeds } from "./needs.js";
export type { Offer, OfferedPattern } from "./offer.js";
export { checkedOptions } from "./options.js";
export {
  type Action,
  type Change,
  type NamespaceEntry,
  type PlanInput,
  type PlannedNamespace,
  planNamespaces,
} from "./plan.js";
export { NeedsError, type Problem } from "./problem.js";
export { needsOfProto } from "./read-proto.js";
export { writtenNeeds } from "./written-needs.js";
