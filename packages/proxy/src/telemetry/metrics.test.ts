import { expect, test } from "vitest";
import { callKindsMax, Metrics, overflowLabel } from "./metrics.js";

const labels = { namespace: "demo", pattern: "key-value", method: "Get" };

async function scrape(metrics: Metrics, name: string): Promise<string[]> {
  const lines = (await metrics.registry.getSingleMetricAsString(name)).split("\n");
  return lines.filter((line) => !line.startsWith("#") && line.includes('namespace="demo"'));
}

test("calls are counted by code, in flight, by bytes and by duration", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  const calls = metrics.call(labels);
  for (const durationMs of [0.2, 0.3, 40_000]) {
    calls.begin();
    calls.received(10);
    calls.answered(100);
    calls.end(durationMs < 1 ? 0 : 4, durationMs);
  }
  calls.begin();
  expect(await scrape(metrics, "prism_requests_total")).toEqual([
    'prism_requests_total{namespace="demo",pattern="key-value",method="Get",code="OK"} 2',
    'prism_requests_total{namespace="demo",pattern="key-value",method="Get",code="DEADLINE_EXCEEDED"} 1',
  ]);
  expect(await scrape(metrics, "prism_inflight_requests")).toEqual(['prism_inflight_requests{namespace="demo"} 1']);
  expect(await scrape(metrics, "prism_request_bytes_total")).toEqual([expect.stringMatching(/ 30$/)]);
  expect(await scrape(metrics, "prism_response_bytes_total")).toEqual([expect.stringMatching(/ 300$/)]);
  const durations = (await scrape(metrics, "prism_request_duration_seconds")).join("\n");
  expect(durations).toMatch(/_bucket\{.*le="0.00025"\} 1$/m);
  expect(durations).toMatch(/_bucket\{.*le="0.0005"\} 2$/m);
  expect(durations).toMatch(/_bucket\{.*le="30"\} 2$/m);
  expect(durations).toMatch(/_bucket\{.*le="\+Inf"\} 3$/m);
  expect(durations).toMatch(/_count\{.*\} 3$/m);
  expect(durations).toMatch(/_sum\{.*\} 40.0005/m);
});

test("the same labels have the same numbers, and an unknown code counts as UNKNOWN", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  metrics.call(labels).begin();
  metrics.call({ ...labels }).end(99, 1);
  expect(await scrape(metrics, "prism_requests_total")).toEqual([expect.stringContaining('code="UNKNOWN"} 1')]);
});

test("too many kinds of call share one series", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  for (let index = 0; index < 2 * callKindsMax; index++) metrics.call({ ...labels, namespace: `n${index}` });
  const last = metrics.call({ ...labels, namespace: "last" });
  expect(last.labels).toEqual({ namespace: overflowLabel, pattern: overflowLabel, method: overflowLabel });
  expect(metrics.call(labels)).toBe(last);
});

test("the state of a plugin is 1 for one state and 0 for the others", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  metrics.pluginState("memory", "starting");
  metrics.pluginState("memory", "ready");
  const text = await metrics.registry.getSingleMetricAsString("prism_plugin_state");
  expect(text.match(/ 1$/gm)).toHaveLength(1);
  expect(text).toContain('prism_plugin_state{backend="memory",state="ready"} 1');
  metrics.pluginRemoved("memory");
  expect(await metrics.registry.getSingleMetricAsString("prism_plugin_state")).not.toContain("memory");
});

test("replicas are counted by their state, and the calls that were sent to each, until their backend is gone", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  metrics.replicaStates("cache", ["ready", "exited", "ready"]);
  metrics.replicaCalls("cache", 2).calls += 7;
  metrics.replicaCalls("cache", 2).calls += 1;
  const shown = async () =>
    (await metrics.registry.getSingleMetricAsString("prism_plugin_replicas")) +
    (await metrics.registry.getSingleMetricAsString("prism_plugin_calls_total"));
  expect(await shown()).toContain('prism_plugin_replicas{backend="cache",state="ready"} 2');
  expect(await shown()).toContain('prism_plugin_replicas{backend="cache",state="exited"} 1');
  expect(await shown()).toContain('prism_plugin_calls_total{backend="cache",replica="2"} 8');
  metrics.pluginRemoved("cache");
  expect(await shown()).not.toContain("cache");
});

test("connections that were ended and streams that were refused are counted by why", async () => {
  const metrics = new Metrics({ version: "1.2.3" });
  for (const reason of ["reset_flood", "idle_timeout", "reset_flood"] as const) metrics.connectionClosed(reason);
  metrics.streamRefused("REFUSED_STREAM");
  const closed = await metrics.registry.getSingleMetricAsString("prism_connections_closed_total");
  expect(closed).toContain('prism_connections_closed_total{reason="reset_flood"} 2');
  expect(closed).toContain('prism_connections_closed_total{reason="idle_timeout"} 1');
  const refused = await metrics.registry.getSingleMetricAsString("prism_streams_refused_total");
  expect(refused).toContain('prism_streams_refused_total{code="REFUSED_STREAM"} 1');
});
