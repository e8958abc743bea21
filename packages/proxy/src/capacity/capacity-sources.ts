import type { Metrics } from "../telemetry/metrics.js";
import type { Backends } from "../upstream/backends.js";
import type { CapacitySources } from "./capacity-watch.js";

/** What a running proxy can tell of itself. */
export function capacitySources(backends: Backends, metrics: Metrics): CapacitySources {
  const byName = <T extends { readonly name: string }>(map: ReadonlyMap<string, T>) =>
    [...map.values()].sort((left, right) => (left.name < right.name ? -1 : 1));
  return {
    namespaces: () => byName(backends.config.namespaces),
    backends: () => byName(backends.config.backends),
    pluginOf(name) {
      const view = backends.list().find((one) => one.name === name);
      const ofStream = view?.description?.patterns.find(({ pattern }) => pattern === "stream");
      return {
        name: view?.description?.name ?? "",
        streamCapabilities: ofStream?.capabilities ?? [],
        replicas: {
          now: view?.replicas.length ?? 1,
          ...(view?.replicaBounds ?? { min: 1, max: 1 }),
          isReplicable: view?.description?.replicable ?? false,
        },
      };
    },
    calls: () => metrics.calls,
    async metrics() {
      const metrics = [...(await backends.metrics())];
      return new Map(metrics.map(([name, replicas]) => [name, replicas.flatMap(({ families }) => families)]));
    },
    describeStream: (namespace, group) => backends.describeStream(namespace, group),
    now: () => performance.now(),
  };
}
