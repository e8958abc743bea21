import { isDeepStrictEqual } from "node:util";
import type { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { Config, NamespaceConfig } from "../config/config.js";
import type { NamespaceRoute, RouteTable, ServiceRoute } from "../messages.js";
import type { BindingState } from "./namespace-bindings.js";

/** What routes are made from, besides the configuration. */
export interface RouteSource {
  /** Whether a namespace is bound on a backend. */
  binding(backend: string, namespace: string): BindingState;
  /** What a backend's plugin says of itself, once it has started. */
  description(backend: string): pluginv1.DescribeResponse | undefined;
  /** Namespaces that are moving to another backend, with the configuration under which they serve until they have arrived. */
  readonly moving: ReadonlyMap<string, NamespaceConfig>;
  /** The table before this one. Routes that are the same are taken from it, so that what was made of them can be kept. */
  readonly before?: RouteTable | undefined;
}

const noDescriptors = new Uint8Array();

/** Makes the routing table of a configuration as the backends are now. */
export function buildRoutes(config: Config, source: RouteSource): RouteTable {
  const namespaces = [...config.namespaces.values()].map(
    (namespace) => [namespace.name, knownOrNew(namespace.name, routeOf(namespace, source), source.before)] as const,
  );
  const services = [...config.services].flatMap(([name, { backend }]): [string, ServiceRoute][] => {
    const description = source.description(backend);
    if (serviceStateOf(name, description) === "missing") return [];
    return [[name, { backend, fileDescriptorSet: description?.fileDescriptorSet ?? noDescriptors }]];
  });
  const patterns = [...config.backends.keys()].flatMap(
    (backend) => source.description(backend)?.patterns.map(({ pattern }) => pattern) ?? [],
  );
  return {
    namespaces: new Map(namespaces),
    unserved: config.unserved,
    services: new Map(services),
    patterns: [...new Set(patterns)].sort(),
  };
}

/** `pending`: its plugin has not started yet. `missing`: its plugin does not offer it. */
export type ServiceState = "served" | "pending" | "missing";

/** Whether the plugin that a service is routed to offers it. */
export function serviceStateOf(service: string, description: pluginv1.DescribeResponse | undefined): ServiceState {
  if (description === undefined) return "pending";
  return description.services.includes(service) ? "served" : "missing";
}

function knownOrNew(name: string, route: NamespaceRoute, before: RouteTable | undefined): NamespaceRoute {
  const known = before?.namespaces.get(name);
  return known !== undefined && (isMadeOfTheSame(known, route) || isDeepStrictEqual(known, route)) ? known : route;
}

/** Nearly all of thousands of routes are, and a look at each of their parts takes far longer. */
function isMadeOfTheSame(known: NamespaceRoute, route: NamespaceRoute): boolean {
  return (
    known.state === "bound" &&
    route.state === "bound" &&
    known.capabilities === route.capabilities &&
    known.quota === route.quota &&
    known.timeoutMs === route.timeoutMs &&
    known.backend === route.backend &&
    known.pattern === route.pattern
  );
}

/** Whether two tables, of which the later was made with the earlier, lead to the same. */
export function sameRoutes(earlier: RouteTable, later: RouteTable): boolean {
  return (
    earlier.namespaces.size === later.namespaces.size &&
    [...later.namespaces].every(([name, route]) => earlier.namespaces.get(name) === route) &&
    isDeepStrictEqual(earlier.unserved, later.unserved) &&
    isDeepStrictEqual(earlier.services, later.services) &&
    isDeepStrictEqual(earlier.patterns, later.patterns)
  );
}

function routeOf(namespace: NamespaceConfig, source: RouteSource): NamespaceRoute {
  const route = routeOn(namespace, source.binding(namespace.backend, namespace.name));
  const before = source.moving.get(namespace.name);
  if (route.state !== "pending" || before === undefined) return route;
  const routeBefore = routeOn(before, source.binding(before.backend, before.name));
  return routeBefore.state === "bound" ? routeBefore : route;
}

function routeOn({ pattern, backend, timeoutMs, quota }: NamespaceConfig, binding: BindingState): NamespaceRoute {
  if (binding.state === "bound") {
    return { state: "bound", pattern, backend, timeoutMs, quota, capabilities: binding.capabilities };
  }
  return { ...binding, pattern, backend, timeoutMs, capabilities: [] };
}
