import type { MetricFamily } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

/** The plugin's own metrics. */
export function metricsOf(connection: Connection): MetricFamily[] {
  const { commands, failures, connections, losses } = connection.counts;
  return [
    {
      name: "prism_plugin_redis_up",
      help: "Whether Redis answers on the plugin's connection: 1 or 0.",
      kind: "gauge",
      samples: [{ value: connection.isUp ? 1 : 0 }],
    },
    {
      name: "prism_plugin_redis_commands_total",
      help: "Commands and scripts that were sent to Redis.",
      kind: "counter",
      samples: [{ value: commands }],
    },
    {
      name: "prism_plugin_redis_failures_total",
      help: "Commands and scripts that Redis refused or that got no answer.",
      kind: "counter",
      samples: [{ value: failures }],
    },
    {
      name: "prism_plugin_redis_connections_total",
      help: "Connections to Redis that were made, whether or not it answered on them.",
      kind: "counter",
      samples: [{ value: connections }],
    },
    {
      name: "prism_plugin_redis_connections_lost_total",
      help: "Connections that were lost after Redis had answered on them.",
      kind: "counter",
      samples: [{ value: losses }],
    },
  ];
}
