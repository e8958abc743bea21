import { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { ReplicaMetrics } from "../upstream/replicas.js";

/** Series that one plugin may show per metric; a plugin that labels by request must not flood the scrape. */
export const samplesPerFamilyMax = 200;
/** Metrics that one plugin may show. */
const familiesPerPluginMax = 100;

type Labels = Readonly<Record<string, string>>;

const namePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelPattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/**
 * Writes the plugins' metrics in Prometheus' text format, each series with its backend as label, and its replica where there may
 * be several. A metric that several plugins have is written once with the series of all; a name of the proxy's own is left to the
 * proxy.
 */
export function formatPluginMetrics(
  metricsByBackend: ReadonlyMap<string, readonly ReplicaMetrics[]>,
  ownNames: ReadonlySet<string>,
): string {
  const merged = new Map<string, { readonly head: string; readonly lines: string[] }>();
  const all = [...metricsByBackend].flatMap(([backend, ofReplicas]) =>
    ofReplicas.map(({ replica, families }) => ({ families, place: placeLabels(backend, replica) })),
  );
  for (const { families, place } of all) {
    for (const family of families.slice(0, familiesPerPluginMax)) {
      if (!namePattern.test(family.name) || ownNames.has(family.name)) continue;
      const entry = merged.get(family.name) ?? { head: headOf(family), lines: [] };
      merged.set(family.name, entry);
      for (const sample of family.samples.slice(0, samplesPerFamilyMax)) {
        entry.lines.push(`${family.name}${formatLabels(sample.labels, place)} ${formatValue(sample.value)}`);
      }
    }
  }
  return [...merged.values()].map(({ head, lines }) => `${head}\n${lines.join("\n")}\n`).join("\n");
}

function headOf({ name, help, kind }: pluginv1.MetricFamily): string {
  const type = kind === pluginv1.MetricKind.COUNTER ? "counter" : "gauge";
  return `# HELP ${name} ${escapeText(help)}\n# TYPE ${name} ${type}`;
}

function placeLabels(backend: string, replica: number | undefined): Labels {
  return { backend, ...(replica !== undefined && { replica: String(replica) }) };
}

function formatLabels(labels: Labels, place: Labels): string {
  const own = Object.entries(labels).filter(([name]) => labelPattern.test(name) && !Object.hasOwn(place, name));
  const all = [...Object.entries(place), ...own];
  return `{${all.map(([name, value]) => `${name}="${escapeText(value).replaceAll('"', '\\"')}"`).join(",")}}`;
}

function formatValue(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}

function escapeText(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
