import type { MetricFamily } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

/** The plugin's own metrics. */
export function metricsOf({ isUp, losses, stalls }: Connection): MetricFamily[] {
  return [
    {
      name: "prism_plugin_kafka_up",
      help: "Whether a broker of Kafka answers: 1 or 0.",
      kind: "gauge",
      samples: [{ value: isUp ? 1 : 0 }],
    },
    {
      name: "prism_plugin_kafka_losses_total",
      help: "How often no broker of Kafka answered any more.",
      kind: "counter",
      samples: [{ value: losses }],
    },
    {
      name: "prism_plugin_kafka_stalls_total",
      help: "Connections that were given up because nothing moved on them.",
      kind: "counter",
      samples: [{ value: stalls }],
    },
  ];
}
