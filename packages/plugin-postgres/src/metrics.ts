import type { MetricFamily } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";

/** The plugin's own metrics. */
export function metricsOf(connection: Connection): MetricFamily[] {
  const { statements, failures, connections, losses, stalls } = connection.counts;
  const one = (kind: "counter" | "gauge", name: string, help: string, value: number): MetricFamily => ({
    name: `prism_plugin_postgres_${name}`,
    help,
    kind,
    samples: [{ value }],
  });
  return [
    one("gauge", "up", "Whether PostgreSQL answers: 1 or 0.", connection.isUp ? 1 : 0),
    one("gauge", "connections", "Connections for the plugin's own statements that are open.", connection.size),
    one("counter", "statements_total", "Statements of the plugin's own that were sent.", statements),
    one("counter", "failures_total", "Statements that PostgreSQL refused or that got no answer.", failures),
    one("counter", "connections_total", "Connections that were made.", connections),
    one("counter", "losses_total", "How often PostgreSQL was lost after it had answered.", losses),
    one("counter", "stalls_total", "Connections that were given up because nothing moved on them.", stalls),
  ];
}
