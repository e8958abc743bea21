import { GatewayError } from "../../errors.js";
import type { KeyValue } from "../../patterns/key-value.js";
import type { KeyValueBounds } from "./key-value-bounds.js";

/** A namespace of the key-value pattern as calls see it. Replaced as a whole when it is bound again. */
export interface BoundNamespace {
  readonly namespace: string;
  readonly pattern: KeyValue;
  /** What calls may use; with `ordered_scan` also `scan`. */
  readonly capabilities: ReadonlySet<string>;
  readonly bounds: KeyValueBounds;
  /** Aborted when the namespace is unbound or bound anew: whatever runs for as long as the binding does ends then. */
  readonly closed: AbortSignal;
}

/** Refuses a call that uses what the namespace does not have. `what` is the method or field, as the proto spells it. */
export function requireCapability(bound: BoundNamespace, capability: string, what: string): void {
  if (bound.capabilities.has(capability)) return;
  throw new GatewayError(
    "CAPABILITY_MISSING",
    `${what} needs the capability "${capability}", which namespace ${JSON.stringify(bound.namespace)} does not have; it has ${listed(bound.capabilities)}. ` +
      `Leave it out, add "${capability}" to the namespace's needs if its backend offers it, or move the namespace to a backend that does.`,
    { metadata: { capability, namespace: bound.namespace } },
  );
}

function listed(capabilities: ReadonlySet<string>): string {
  if (capabilities.size === 0) return "none beyond Get, Set, Delete and Exists";
  return [...capabilities].sort().join(", ");
}
