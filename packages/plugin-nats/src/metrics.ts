import type { MetricFamily } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

export function metricsOf({ counts }: Connection): MetricFamily[] {
  const counter = (name: string, help: string, value: number): MetricFamily => ({
    name,
    help,
    kind: "counter",
    samples: [{ value }],
  });
  return [
    counter("prism_plugin_connections_total", "Connections to NATS that were made.", counts.connections),
    counter("prism_plugin_connection_losses_total", "Connections to NATS that were lost.", counts.losses),
    counter(
      "prism_plugin_connection_stalls_total",
      "Connections to NATS that were open while nothing moved, and were given up.",
      counts.stalls,
    ),
  ];
}
