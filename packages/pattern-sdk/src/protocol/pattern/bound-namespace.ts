import { GatewayError } from "../../errors.js";
import type { Bounds } from "../../patterns/bounds.js";
import type { PatternKind, PatternTypes } from "../../patterns/pattern-kind.js";
import type { SizeLimits } from "../../patterns/size-limits.js";
import { invalidField } from "./checked-fields.js";

/** A namespace as calls see it. Replaced as a whole when it is bound again. */
export interface BoundNamespace<Types extends PatternTypes = PatternTypes> {
  readonly namespace: string;
  readonly kind: PatternKind<Types>;
  readonly pattern: Types["api"];
  /** What calls may use, with what that includes. */
  readonly capabilities: ReadonlySet<string>;
  readonly bounds: Bounds<Types>;
  /** What the operator allows below them. */
  readonly sizeLimits: SizeLimits;
  /** The namespace's options, parsed by the schema in the plugin's description of the pattern. `undefined`: there is none. */
  readonly options: unknown;
  /** Aborted when the namespace is unbound or bound anew: whatever runs for as long as the binding does ends then. */
  readonly closed: AbortSignal;
}

/** Refuses a call that uses what the namespace does not have. `what` is the method or field, as the proto spells it. */
export function requireCapability(bound: BoundNamespace, capability: string, what: string): void {
  if (bound.capabilities.has(capability)) return;
  throw new GatewayError(
    "CAPABILITY_MISSING",
    `${what} needs the capability "${capability}", which namespace ${JSON.stringify(bound.namespace)} does not have; it has ${listed(bound)}. ` +
      `Leave it out, add "${capability}" to the namespace's needs if its backend offers it, or move the namespace to a backend that does.`,
    { metadata: { capability, namespace: bound.namespace } },
  );
}

function listed({ capabilities, kind }: BoundNamespace): string {
  if (capabilities.size === 0) return `none beyond ${kind.minimum}`;
  return [...capabilities].sort().join(", ");
}

/** The namespace of a later request of a stream: the first one's, or left out. */
export function checkSameNamespace(bound: BoundNamespace, namespace: string): void {
  if (namespace === "" || namespace === bound.namespace) return;
  throw invalidField("namespace", "is another one than in the first request of the stream; leave it out");
}
