import { readFileSync } from "node:fs";
import { checkPackageDescription } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import { memstorePlugin, openMemory } from "./plugin.js";
import { ManualClock } from "./testing/manual-clock.js";

test("package.json describes the plugin as it is", () => {
  const packageJson = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  checkPackageDescription(memstorePlugin, packageJson);
});

test("all namespaces share one bound, and metrics tell what they hold", async () => {
  const backend = openMemory(100_000, new ManualClock());
  const binder = backend.keyValue!;
  const binding = (namespace: string) => ({ namespace, capabilities: new Set<string>(), options: undefined });
  const a = (await binder.bind(binding("a"))).pattern;
  const b = (await binder.bind(binding("b"))).pattern;
  a.set({ key: "k", value: Buffer.alloc(60_000) }, callOf("a"));
  expect(() => b.set({ key: "k", value: Buffer.alloc(60_000) }, callOf("b"))).toThrow(/max_bytes/);
  expect(await binder.deleteData("a")).toEqual(["removed 1 keys from memory"]);
  b.set({ key: "k", value: Buffer.alloc(60_000) }, callOf("b"));
  const metrics = new Map(backend.metrics!().map(({ name, samples }) => [name, samples.map(({ value }) => value)]));
  expect(metrics.get("prism_plugin_keys")).toEqual([1]);
  expect(metrics.get("prism_plugin_stored_bytes")).toEqual([60_513]);
  expect(metrics.get("prism_plugin_stored_bytes_max")).toEqual([100_000]);
});

function callOf(namespace: string) {
  const nobody = { deadlineMs: undefined, principal: undefined, requestId: undefined };
  return { namespace, signal: new AbortController().signal, ...nobody };
}

test("records and groups of streams count against the same bound, and a record that finds no room fails alone", async () => {
  const backend = openMemory(100_000, new ManualClock());
  const options = { partitions: 2, retentionMs: undefined, retentionBytes: undefined, compaction: false };
  const bind = (namespace: string) => backend.stream!.bind({ namespace, capabilities: new Set<string>(), options });
  const { pattern } = await bind("log");
  const recordOf = (sizeBytes: number) => ({
    ...{ id: "i", key: "k", headers: [], contentType: "" },
    payload: Buffer.alloc(sizeBytes),
  });
  const results = await pattern.append([recordOf(60_000), recordOf(60_000), recordOf(10_000)], callOf("log"));
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true]);
  const samplesOf = (name: string) => backend.metrics!().find((family) => family.name === name)?.samples;
  expect(samplesOf("prism_plugin_stream_records")).toEqual([{ labels: { namespace: "log" }, value: 2 }]);
  expect(await backend.stream!.deleteData("log")).toEqual(["removed 2 records from memory"]);
  expect(samplesOf("prism_plugin_stored_bytes")).toEqual([{ value: 0 }]);
});
