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
  const samples = backend.metrics!().map(({ name, samples }) => [name, samples.map(({ value }) => value)]);
  expect(samples).toEqual([
    ["prism_plugin_keys", [1]],
    ["prism_plugin_stream_records", []],
    ["prism_plugin_pubsub_messages", []],
    ["prism_plugin_queue_messages", []],
    ["prism_plugin_stored_bytes", [60_513]],
    ["prism_plugin_stored_bytes_max", [100_000]],
  ]);
});

function callOf(namespace: string) {
  const nobody = { deadlineMs: undefined, principal: undefined, requestId: undefined };
  return { namespace, signal: new AbortController().signal, ...nobody };
}
