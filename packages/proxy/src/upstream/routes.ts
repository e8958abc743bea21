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
}

const noDescriptors = new Uint8Array();

/** Makes the routing table of a configuration as the backends are now. */
export function buildRoutes(config: Config, source: RouteSource): RouteTable {
  const namespaces = [...config.namespaces.values()].map(
    (namespace) => [namespace.name, routeOf(namespace, source)] as const,
  );
  const services = [...config.services].flatMap(([name, { backend }]): [string, ServiceRoute][] => {
    const description = source.description(backend);
    if (serviceStateOf(name, description) === "missing") return [];
    return [[name, { backend, fileDescriptorSet: description?.fileDescriptorSet ?? noDescriptors }]];
  });
  const patterns = [...config.backends.keys()].flatMap(
    (backend) => source.description(backend)?.patterns.map(({ pattern }) => pattern) ?? [],
  );
  return { namespaces: new Map(namespaces), services: new Map(services), patterns: [...new Set(patterns)].sort() };
}

/** `pending`: its plugin has not started yet. `missing`: its plugin does not offer it. */
export type ServiceState = "served" | "pending" | "missing";

/** Whether the plugin that a service is routed to offers it. */
export function serviceStateOf(service: string, description: pluginv1.DescribeResponse | undefined): ServiceState {
  if (description === undefined) return "pending";
  return description.services.includes(service) ? "served" : "missing";
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
