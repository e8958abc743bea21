import type { KeyValueCapability } from "../capability.js";
import { declaredCapabilities } from "../define-plugin.js";
import { GatewayError } from "../errors.js";
import type { KeyValueDescription } from "../plugin.js";

/** What a namespace asks for. */
export interface Needs {
  readonly namespace: string;
  /** `undefined`: the operator wrote no needs. */
  readonly needs: readonly string[] | undefined;
  readonly plugin: string;
}

/**
 * The capabilities to bind a namespace with: its needs with what they imply, or all that the plugin has. Throws
 * `CAPABILITY_MISSING` that names every need that cannot be met.
 */
export function effectiveCapabilities(description: KeyValueDescription, asked: Needs): ReadonlySet<KeyValueCapability> {
  const declared = new Set(declaredCapabilities(description));
  if (asked.needs === undefined) return declared;
  const missing = asked.needs.filter((need) => !declared.has(need as KeyValueCapability));
  if (missing.length > 0) throw needsNotMet(missing, declared, asked);
  const needed = asked.needs as readonly KeyValueCapability[];
  return new Set(declaredCapabilities({ capabilities: needed }));
}

function needsNotMet(missing: readonly string[], declared: ReadonlySet<string>, asked: Needs): GatewayError {
  const offered = declared.size === 0 ? "nothing beyond Get, Set, Delete and Exists" : [...declared].join(", ");
  return new GatewayError(
    "CAPABILITY_MISSING",
    `Namespace ${JSON.stringify(asked.namespace)} needs ${missing.join(", ")}, which plugin ${asked.plugin} does not have; it offers ${offered}. ` +
      "Take it out of needs, or put the namespace on another backend.",
    { metadata: { namespace: asked.namespace, missing: missing.join(","), plugin: asked.plugin } },
  );
}
