import type { KeyValueCapability } from "../capability.js";
import type { Durability } from "../plugin.js";
import { basicCases } from "./key-value/basic.js";
import { batchCases } from "./key-value/batch.js";
import { callCases } from "./key-value/calls.js";
import { capabilityCases, refusalCases } from "./key-value/capability.js";
import { conditionalCases } from "./key-value/conditional.js";
import { countCases } from "./key-value/count.js";
import { counterCases } from "./key-value/counter.js";
import { durabilityCases } from "./key-value/durability.js";
import { idempotencyCases } from "./key-value/idempotency.js";
import { isolationCases } from "./key-value/isolation.js";
import { requestCases } from "./key-value/requests.js";
import { orderedScanCases, scanCases } from "./key-value/scan.js";
import { transactionCases } from "./key-value/transaction.js";
import { ttlCases } from "./key-value/ttl.js";
import { watchCases } from "./key-value/watch.js";
import { applies, type KeyValueCase } from "./key-value-case.js";

/** What every key-value plugin must do, where it declares the capabilities that a case needs. Cases do not disturb each other. */
export const keyValueCases: readonly KeyValueCase[] = [
  ...basicCases,
  ...idempotencyCases,
  ...ttlCases,
  ...conditionalCases,
  ...batchCases,
  ...scanCases,
  ...orderedScanCases,
  ...countCases,
  ...counterCases,
  ...transactionCases,
  ...watchCases,
  ...isolationCases,
  ...requestCases,
  ...callCases,
  ...capabilityCases,
];

/** The cases that a plugin with these capabilities must pass, each missing capability's refusal among them. */
export function casesFor(declared: readonly KeyValueCapability[]): readonly KeyValueCase[] {
  return [...keyValueCases.filter((one) => applies(one, declared)), ...refusalCases(declared)];
}

/**
 * The cases that restart the plugin under them, for a plugin whose acknowledged writes survive its process. Each needs a
 * subject of its own, in a process of its own.
 */
export function restartCasesFor(
  durability: Durability,
  declared: readonly KeyValueCapability[],
): readonly KeyValueCase[] {
  return durability === "ephemeral" ? [] : durabilityCases.filter((one) => applies(one, declared));
}
