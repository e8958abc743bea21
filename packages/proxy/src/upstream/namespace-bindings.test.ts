import { setImmediate } from "node:timers/promises";
import { GatewayError, noSizeLimits, pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import type { NamespaceConfig } from "../config/config.js";
import { createLog } from "../telemetry/log.js";
import { type Binder, NamespaceBindings } from "./namespace-bindings.js";

const optionsSchema = JSON.stringify({
  type: "object",
  properties: { partitions: { type: "integer", minimum: 1 } },
  additionalProperties: false,
});

const description: pluginv1.DescribeResponse = {
  name: "tiny",
  version: "1.0.0",
  patterns: [
    {
      pattern: "key-value",
      capabilities: ["ttl", "scan"],
      limits: {},
      durability: pluginv1.Durability.UNSPECIFIED,
      optionsSchema: "",
      countsStorage: false,
    },
    {
      pattern: "stream",
      capabilities: [],
      limits: {},
      durability: pluginv1.Durability.DISK,
      optionsSchema,
      countsStorage: false,
    },
  ],
  durability: pluginv1.Durability.EPHEMERAL,
  settingsSchema: "",
  services: [],
  replicable: false,
  fileDescriptorSet: new Uint8Array(),
};

function namespace(name: string, more: Partial<NamespaceConfig> = {}): NamespaceConfig {
  return {
    name,
    pattern: "key-value",
    backend: "one",
    needs: undefined,
    options: {},
    durability: undefined,
    timeoutMs: 5_000,
    quota: undefined,
    sizeLimits: noSizeLimits,
    declaration: {},
    ...more,
  };
}

function wanted(...namespaces: NamespaceConfig[]): ReadonlyMap<string, NamespaceConfig> {
  return new Map(namespaces.map((each) => [each.name, each]));
}

/** A plugin's side that writes down what it is asked, and answers as told, from a moment on. */
function bindings(
  answer: (name: string, call: number) => string[],
  durability: () => pluginv1.Durability = () => 0,
  from: Promise<void> = Promise.resolve(),
) {
  const calls: string[] = [];
  const binder: Binder = {
    bind: async ({ name, needs }) => {
      calls.push(`bind ${name}${needs === undefined ? "" : ` ${needs}`}`);
      const call = calls.length;
      await from;
      return { capabilities: answer(name, call), durability: durability(), sizeLimits: undefined };
    },
    unbind: async ({ name }) => {
      calls.push(`unbind ${name}`);
    },
  };
  const log = createLog({ level: "silent", destination: { write: () => undefined } });
  const made = new NamespaceBindings({ binder, description, onChange: () => undefined, random: () => 0, log });
  return { calls, made };
}

test("a namespace that cannot be bound is set aside and the others are bound", async () => {
  const { made } = bindings((name) => {
    if (name === "bad") throw new GatewayError("BACKEND_DENIED", "not allowed");
    return ["ttl"];
  });
  await made.want(wanted(namespace("good"), namespace("bad")));
  expect(made.state("good")).toEqual({ state: "bound", capabilities: ["ttl"] });
  expect(made.state("bad")).toEqual({ state: "failed", reason: "not allowed" });
});

test.each([
  ["a pattern", { pattern: "queue" }, "the plugin does not offer queue; there are: key-value, stream"],
  [
    "options",
    { options: { partitions: 4 } },
    "namespaces.a.options.partitions: is not an option; key-value takes none on this backend",
  ],
  [
    "an option",
    { pattern: "stream", options: { partition: 4 } },
    'namespaces.a.options.partition: is not a known key; did you mean "partitions"?',
  ],
  [
    "a value of an option",
    { pattern: "stream", options: { partitions: 0 } },
    "namespaces.a.options.partitions: Too small: expected number to be >=1",
  ],
  [
    "a count of what it holds",
    {
      quota: {
        callsPerSecond: undefined,
        burst: undefined,
        callsInFlight: undefined,
        bytesPerSecond: undefined,
        storageBytes: 1,
      },
    },
    "has limits.storage_size, and the plugin cannot count what it holds; leave it out, or take a backend whose plugin can",
  ],
  ["capabilities", { needs: ["ttl", "count"] }, "needs count, which the plugin does not have; it has: ttl, scan"],
])("a namespace that wants %s that the plugin lacks is refused without asking it", async (_, more, reason) => {
  const { calls, made } = bindings(() => []);
  await made.want(wanted(namespace("a", more)));
  expect(made.state("a")).toEqual({ state: "failed", reason });
  expect(calls).toEqual([]);
});

test("a namespace whose plugin does not hold its limits of sizes is refused", async () => {
  const { made } = bindings(() => []);
  const sizeLimits = { valueBytes: 10, batchEntries: 2 };
  await made.want(wanted(namespace("a", { sizeLimits })));
  const reason = expect.stringContaining("does not hold apps to limits.value_size and limits.batch_size");
  expect(made.state("a")).toEqual({ state: "failed", reason });
});

test("a namespace whose data system is unreachable is pending, and is tried until it is bound", async () => {
  const { made } = bindings((_, call) => {
    if (call < 3) throw new GatewayError("BACKEND_UNAVAILABLE", "redis is down");
    return ["scan"];
  });
  await made.want(wanted(namespace("a")));
  expect(made.state("a")).toEqual({ state: "pending", reason: "redis is down" });
  await expect.poll(() => made.state("a")).toEqual({ state: "bound", capabilities: ["scan"] });
});

test("a namespace that needs more durability than there is is refused so, until there is more", async () => {
  let given: pluginv1.Durability = pluginv1.Durability.BACKEND;
  const { made } = bindings(
    () => ["ttl"],
    () => given,
  );
  await made.want(wanted(namespace("a", { durability: "disk" }), namespace("b", { durability: "backend" })));
  expect(made.state("a")).toEqual({
    state: "failed",
    reason: expect.stringContaining("needs durability disk"),
    refusedAs: "DURABILITY_MISSING",
  });
  expect(made.state("b")).toMatchObject({ state: "bound" });
  given = pluginv1.Durability.DISK;
  await expect.poll(() => made.state("a")).toEqual({ state: "bound", capabilities: ["ttl"] });
});

test.each([
  ["its pattern's description", "stream", "disk", "bound"],
  ["its plugin's description", "key-value", "backend", "failed"],
] as const)(
  "a plugin that does not say what a write survives is taken by %s",
  async (_, pattern, durability, state) => {
    const { made } = bindings(() => []);
    await made.want(wanted(namespace("a", { pattern, durability })));
    expect(made.state("a")).toMatchObject({ state });
  },
);

test("another durability is asked for again", async () => {
  const { calls, made } = bindings(
    () => [],
    () => pluginv1.Durability.DISK,
  );
  for (const durability of ["backend", "backend", "disk"] as const)
    await made.want(wanted(namespace("a", { durability })));
  expect(calls).toEqual(["bind a", "bind a"]);
});

test("only what changed is asked for again, and calls for one name come one after the other", async () => {
  const { calls, made } = bindings(() => []);
  await made.want(wanted(namespace("a"), namespace("b"), namespace("c")));
  await made.want(wanted(namespace("a"), namespace("b", { needs: ["ttl"] }), namespace("d", { timeoutMs: 1 })));
  await made.want(wanted(namespace("a", { timeoutMs: 1 }), namespace("c")));
  expect(calls).toEqual([
    "bind a",
    "bind b",
    "bind c",
    "unbind c",
    "bind b ttl",
    "bind d",
    "unbind b",
    "unbind d",
    "bind c",
  ]);
  expect(made.state("b")).toBeUndefined();
});

test("other options are asked for again, and the same ones are not", async () => {
  const { calls, made } = bindings(() => []);
  const stream = (partitions: number) => namespace("a", { pattern: "stream", options: { partitions } });
  for (const partitions of [4, 4, 8]) await made.want(wanted(stream(partitions)));
  expect(calls).toEqual(["bind a", "bind a"]);
  expect(made.state("a")).toMatchObject({ state: "bound" });
});

test("nothing is asked of a plugin that is ending", async () => {
  const { calls, made } = bindings(() => []);
  made.close();
  await made.want(wanted(namespace("a")));
  expect(calls).toEqual([]);
  expect(made.state("a")).toMatchObject({ state: "pending" });
});

test("of many namespaces the one that is waited for is bound before the others", async () => {
  const answering = Promise.withResolvers<void>();
  const { calls, made } = bindings(
    () => [],
    () => 0,
    answering.promise,
  );
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
  const all = made.want(wanted(...names.map((name) => namespace(name))));
  await setImmediate();
  const begunBefore = calls.length;
  const tried = made.tried("n999");
  answering.resolve();
  await tried;
  expect(made.state("n999")).toMatchObject({ state: "bound" });
  expect(calls[begunBefore]).toBe("bind n999");
  await all;
  expect(calls).toHaveLength(1_000);
  await made.tried("nobody's");
});
