import { type GrpcMethod, headerValue, type ServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { PatternKind } from "../../patterns/pattern-kind.js";
import { percentDecoded } from "../server-call-context.js";
import type { BoundNamespace } from "./bound-namespace.js";
import { invalidField } from "./checked-fields.js";
import type { MethodEnvironment } from "./pattern-method.js";

/** What the services of patterns need of the process that they run in. */
export interface PatternHost extends Omit<MethodEnvironment, "resolve"> {
  /** The namespace as it is bound now, whatever its pattern. */
  findNamespace(namespace: string): BoundNamespace | undefined;
}

/** The gRPC methods of a pattern on top of the namespaces that are bound to it, by path. */
export async function patternMethods(kind: PatternKind, host: PatternHost): Promise<ReadonlyMap<string, GrpcMethod>> {
  const { plugin, statusOfEntry } = host;
  const resolve = (namespace: string, call: ServerCall) => resolvedNamespace(namespace, call, kind, host);
  const methods = Object.entries(await kind.loadMethods());
  return new Map(
    methods.map(([name, method]) => [`/${kind.service}/${name}`, method.on({ plugin, statusOfEntry, resolve })]),
  );
}

/** Invariant: the plugin serves exactly the namespace that the proxy resolved, whatever the message says. */
function resolvedNamespace(namespace: string, call: ServerCall, kind: PatternKind, host: PatternHost): BoundNamespace {
  if (namespace === "") throw invalidField("namespace", "is required");
  const resolved = headerValue(call.metadata, "prism-namespace");
  if (resolved !== undefined && percentDecoded(resolved) !== namespace) {
    throw invalidField("namespace", "is not the namespace that the proxy resolved; give field 1 of the message once");
  }
  const bound = host.findNamespace(namespace);
  if (bound?.kind === kind) return bound;
  throw bound === undefined ? notFound(namespace, kind) : mismatch(bound, call, kind);
}

function notFound(namespace: string, kind: PatternKind): GatewayError {
  return new GatewayError(
    "NAMESPACE_NOT_FOUND",
    `No namespace ${JSON.stringify(namespace)} of pattern ${kind.name} is bound to this plugin. Check the name, or add it to the configuration.`,
    { metadata: { namespace } },
  );
}

function mismatch(
  { namespace, kind: actual }: BoundNamespace,
  { path }: ServerCall,
  called: PatternKind,
): GatewayError {
  return new GatewayError(
    "PATTERN_MISMATCH",
    `Namespace ${JSON.stringify(namespace)} has the pattern ${actual.name}, but ${path.slice(1)} is a method of ${called.name}. Call a namespace of that pattern.`,
    { metadata: { namespace, pattern: actual.name } },
  );
}
