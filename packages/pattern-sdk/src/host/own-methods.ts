import type { GrpcMethod } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import type { Backend, PluginDefinition } from "../plugin.js";

/**
 * The methods of a plugin's own services. Throws `GatewayError` `INTERNAL` when the backend does not serve exactly the services that
 * the plugin declares: a route to nothing would look like a mistake of the caller.
 */
export function ownMethods(plugin: PluginDefinition, backend: Backend): ReadonlyMap<string, GrpcMethod> {
  const methods = backend.services ?? new Map<string, GrpcMethod>();
  const declared = new Set(plugin.services?.names);
  const served = new Set([...methods.keys()].map(serviceOf));
  const differing = [
    ...[...declared].filter((name) => !served.has(name)).map((name) => `${name} is not served`),
    ...[...served].filter((name) => !declared.has(name)).map((name) => `${name} is not declared`),
  ];
  if (differing.length === 0) return methods;
  throw new GatewayError(
    "INTERNAL",
    `Plugin ${plugin.name} declares other services than it serves: ${differing.join(", ")}.`,
  );
}

/** `acme.v1.Search` of `/acme.v1.Search/Find`. */
function serviceOf(path: string): string {
  return path.slice(1, path.lastIndexOf("/"));
}
