import type { KeyValueCapability } from "../../capability.js";
import { GatewayError } from "../../errors.js";
import type { KeyValue } from "../../patterns/key-value.js";

const basicMethods = ["get", "set", "delete", "exists"] as const;

/** The optional methods that a capability promises. `conditional` and `ordered_scan` are promises of methods that exist anyway. */
const capabilityMethods: Readonly<Record<KeyValueCapability, readonly (keyof KeyValue)[]>> = {
  ttl: ["expire", "persist", "getTtl"],
  scan: ["scan"],
  ordered_scan: ["scan"],
  count: ["count"],
  conditional: [],
  batch: ["batchGet", "batchSet", "batchDelete"],
  counter: ["increment"],
  transaction: ["transact"],
  watch: ["watch"],
};

/** Refuses a store that lacks a method of what it is said to do: a defect of the plugin, found before the first call. */
export function checkMethods(pattern: KeyValue, capabilities: ReadonlySet<string>, plugin: string): void {
  const promised = [...capabilities].flatMap((capability) => capabilityMethods[capability as KeyValueCapability] ?? []);
  const missing = [...basicMethods, ...promised].filter((method) => typeof pattern[method] !== "function");
  if (missing.length === 0) return;
  throw new GatewayError(
    "INTERNAL",
    `Plugin ${plugin} declares capabilities whose methods it does not have: ${[...new Set(missing)].join(", ")}. This is a defect of the plugin.`,
  );
}
