import { GatewayError } from "../errors.js";
import { type PatternKind, withIncluded } from "../patterns/pattern-kind.js";

/** What a namespace asks for. */
export interface Needs {
  readonly namespace: string;
  /** `undefined`: the operator wrote no needs. */
  readonly needs: readonly string[] | undefined;
  readonly plugin: string;
}

/**
 * The capabilities to bind a namespace with: its needs with what they include, or all that the plugin has. Throws
 * `CAPABILITY_MISSING` that names every need that cannot be met.
 */
export function effectiveCapabilities(
  kind: PatternKind,
  capabilities: readonly string[],
  asked: Needs,
): ReadonlySet<string> {
  const declared = withIncluded(kind, capabilities);
  if (asked.needs === undefined) return new Set(declared);
  const missing = asked.needs.filter((need) => !declared.includes(need));
  if (missing.length === 0) return new Set(withIncluded(kind, asked.needs));
  const offered = declared.length === 0 ? `nothing beyond ${kind.minimum}` : declared.join(", ");
  throw new GatewayError(
    "CAPABILITY_MISSING",
    `Namespace ${JSON.stringify(asked.namespace)} needs ${missing.join(", ")}, which plugin ${asked.plugin} does not have; it offers ${offered}. ` +
      "Take it out of needs, or put the namespace on another backend.",
    { metadata: { namespace: asked.namespace, missing: missing.join(","), plugin: asked.plugin } },
  );
}
