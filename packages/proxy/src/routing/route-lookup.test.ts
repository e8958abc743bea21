import { methodTraits } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import type { NamespaceRoute, RouteTable } from "../messages.js";
import { CallMetrics } from "../telemetry/call-metrics.js";
import { NamespaceQuotas } from "./namespace-quota.js";
import { RouteLookup } from "./route-lookup.js";

const get = "/prism.keyvalue.v1.KeyValueService/Get";
const set = "/prism.keyvalue.v1.KeyValueService/Set";
const bound: NamespaceRoute = {
  state: "bound",
  pattern: "key-value",
  backend: "store",
  timeoutMs: 1_000,
  capabilities: [],
  quota: undefined,
};

function lookup(namespaces: Record<string, NamespaceRoute>, before?: RouteLookup): RouteLookup {
  const table: RouteTable = {
    namespaces: new Map(Object.entries(namespaces)),
    unserved: new Map(),
    services: new Map(),
    patterns: ["key-value"],
  };
  return new RouteLookup(table, {
    callMetrics: (labels) => new CallMetrics(labels),
    quotas: new NamespaceQuotas(),
    before,
  });
}

function chunkOf(namespace: string): Buffer {
  const name = Buffer.from(namespace);
  return Buffer.concat([Buffer.of(0, 0, 0, 0, name.length + 2, 0x0a, name.length), name]);
}

const called = (routes: RouteLookup, namespace: string, path: string) =>
  routes.namespaced(namespace, path, methodTraits(path)!);

test("a route that was found by its name is known by the bytes of a call, for each method", () => {
  const routes = lookup({ a: bound, b: bound });
  expect(routes.knownAtStart(chunkOf("a"), get)).toBeUndefined();
  const ofGet = called(routes, "a", get);
  const ofSet = called(routes, "a", set);
  for (const [path, route] of [
    [get, ofGet],
    [set, ofSet],
    [set, ofSet],
    [get, ofGet],
  ] as const) {
    expect(routes.knownAtStart(chunkOf("a"), path)).toBe(route);
  }
  expect(routes.knownAtStart(chunkOf("b"), get)).toBeUndefined();
  expect([ofGet.namespace, ofSet.namespace]).toEqual(["a", "a"]);
});

test("what was known of a route ends with it, and stays with one that is the same", () => {
  const before = lookup({ a: bound, b: bound });
  const routes = [called(before, "a", get), called(before, "b", get)];
  const after = lookup({ a: bound, b: { ...bound, backend: "other" } }, before);
  expect(called(after, "a", get)).toBe(routes[0]);
  expect(called(after, "b", get)).toMatchObject({ backend: "other" });
  expect(after.knownAtStart(chunkOf("b"), get)).toMatchObject({ backend: "other" });
  const without = lookup({ a: bound }, after);
  expect(without.knownAtStart(chunkOf("b"), get)).toBeUndefined();
});

test("the name is what the plugin is told, percent-encoded where it must be", () => {
  const routes = lookup({ plain: bound, "größe 1": bound });
  const headers = ["plain", "größe 1"].map((name) => called(routes, name, get).namespaceHeader);
  expect(headers).toEqual(["plain", "gr%C3%B6%C3%9Fe%201"]);
  expect(routes.knownAtStart(chunkOf("größe 1"), get)).toBeUndefined();
});
