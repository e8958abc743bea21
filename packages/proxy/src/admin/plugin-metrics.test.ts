import { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import type { ReplicaMetrics } from "../upstream/replicas.js";
import { formatPluginMetrics, samplesPerFamilyMax } from "./plugin-metrics.js";

function family(name: string, ...samples: { labels?: Record<string, string>; value: number }[]): pluginv1.MetricFamily {
  return {
    name,
    help: `About ${name}.`,
    kind: pluginv1.MetricKind.GAUGE,
    samples: samples.map(({ labels = {}, value }) => ({ labels, value })),
  };
}

/** The metrics of a backend that has one process. */
function alone(...families: pluginv1.MetricFamily[]): readonly ReplicaMetrics[] {
  return [{ replica: undefined, families }];
}

test("one metric of two plugins is written once, with the backend as label", () => {
  const text = formatPluginMetrics(
    new Map([
      ["one", alone(family("x_bytes", { value: 1 }))],
      ["two", alone(family("x_bytes", { labels: { kind: 'a"\\\n' }, value: 2.5 }))],
    ]),
    new Set(),
  );
  expect(text).toBe(
    `# HELP x_bytes About x_bytes.\n# TYPE x_bytes gauge\nx_bytes{backend="one"} 1\nx_bytes{backend="two",kind="a\\"\\\\\\n"} 2.5\n`,
  );
});

test("a plugin can neither pose as the proxy nor break the format nor flood it", () => {
  const many = Array.from({ length: samplesPerFamilyMax + 1 }, (_, value) => ({ labels: { n: String(value) }, value }));
  const text = formatPluginMetrics(
    new Map([
      [
        "one",
        alone(family("prism_requests_total", { value: 1 }), family("a b", { value: 1 }), family("many", ...many)),
      ],
    ]),
    new Set(["prism_requests_total"]),
  );
  expect(text).not.toContain("prism_requests_total");
  expect(text).not.toContain("a b");
  expect(text.match(/^many\{/gm)).toHaveLength(samplesPerFamilyMax);
});

test("values that are no ordinary numbers are written as Prometheus does", () => {
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e21].map((value) => ({ value }));
  const text = formatPluginMetrics(new Map([["one", alone(family("x", ...values))]]), new Set());
  expect(
    text
      .split("\n")
      .slice(2, 6)
      .map((line) => line.split(" ")[1]),
  ).toEqual(["NaN", "+Inf", "-Inf", "1e+21"]);
});

test("the backend label cannot be forged", () => {
  const text = formatPluginMetrics(
    new Map([["one", alone(family("x", { labels: { backend: "two" }, value: 1 }))]]),
    new Set(),
  );
  expect(text).toContain('x{backend="one"} 1');
});

test("the replicas of a backend are told apart", () => {
  const ofReplicas = [1, 2].map((replica) => ({
    replica,
    families: [family("x", { labels: { replica: "9" }, value: replica })],
  }));
  const text = formatPluginMetrics(new Map([["one", ofReplicas]]), new Set());
  expect(text).toContain('x{backend="one",replica="1"} 1\nx{backend="one",replica="2"} 2\n');
});
