import { stat } from "node:fs/promises";
import { GrpcCode, GrpcError } from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as z from "zod";
import { definePlugin } from "../define-plugin.js";
import type { GatewayError } from "../errors.js";
import { keyValueCapabilities } from "../patterns/key-value/key-value-capabilities.js";
import type { Binding } from "../plugin.js";
import { ExistsRequest, ExistsResponse, GetRequest, WatchRequest } from "../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { BackendHealth, type BindRequest, Durability } from "../protocol/gen/prism/plugin/v1/plugin.js";
import { encodeMessage } from "../protocol/message.js";
import { PluginClient } from "../protocol/plugin-client.js";
import { gatewayErrorOf } from "../protocol/status.js";
import { durationFromMs } from "../protocol/wire-time.js";
import { type RunningTiny, runTinyPlugin, TinyStore, tinyPlugin } from "./plugin.fixture.js";

const service = "/prism.keyvalue.v1.KeyValueService";
const pattern = "key-value";
const settings = { url: "tcp://127.0.0.1:1" };
const bindRequest: BindRequest = {
  namespace: "demo",
  pattern,
  needs: [],
  needsGiven: false,
  planOnly: false,
  durability: Durability.UNSPECIFIED,
  sizeLimits: undefined,
  options: undefined,
};

let tiny: RunningTiny;
beforeEach(async () => {
  tiny = await runTinyPlugin();
});
afterEach(async () => {
  await tiny[Symbol.asyncDispose]();
});

const configure = (given: Record<string, unknown> = settings) =>
  tiny.contract.configure({ backend: "cache", settings: given, dataDir: "/tmp", workingDir: "/tmp" });
const exists = (namespace: string, key = "k") =>
  tiny.client.unary(`${service}/Exists`, encodeMessage(ExistsRequest, { namespace, key }));
const failure = (call: Promise<unknown>): Promise<GatewayError> =>
  call.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: unknown) => (error instanceof GrpcError ? gatewayErrorOf(error) : (error as GatewayError)),
  );

describe("a started plugin", () => {
  test("has a socket of mode 0600 and tells of it in its handshake", async () => {
    const { handshake } = tiny.running;
    expect((await stat(handshake.socket)).mode & 0o777).toBe(0o600);
    expect(handshake).toMatchObject({
      prism_handshake: 1,
      contract: { min: 1, max: 1 },
      pid: process.pid,
      name: "tiny",
      version: "1.2.3",
      token: "the-token",
    });
  });

  test.each([
    ["no token", []],
    ["another token of the same length", [["authorization", "Bearer the-tokem"] as const]],
    ["a longer token", [["authorization", "Bearer the-token2"] as const]],
    ["another scheme", [["authorization", "Basic the-token"] as const]],
  ])("refuses calls with %s", async (_, metadata) => {
    const stranger = await tiny.connect(metadata);
    const error = await failure(new PluginClient(stranger).describe({}));
    expect(error).toMatchObject({ reason: "UNAUTHENTICATED", code: GrpcCode.UNAUTHENTICATED });
  });

  test("answers METHOD_NOT_FOUND for what it does not serve", async () => {
    const error = await failure(tiny.client.unary("/acme.v1.Service/Do", new Uint8Array(0)));
    expect(error).toMatchObject({ reason: "METHOD_NOT_FOUND", code: GrpcCode.UNIMPLEMENTED });
  });

  test("describes itself", async () => {
    const { settingsSchema, ...description } = await tiny.contract.describe({});
    expect(description).toEqual({
      name: "tiny",
      version: "1.2.3",
      patterns: [
        {
          pattern,
          capabilities: [...keyValueCapabilities],
          limits: { value_bytes_max: 1_000n, ttl_grain_ms: 10n },
          durability: Durability.UNSPECIFIED,
          optionsSchema: "",
          countsStorage: false,
        },
      ],
      durability: Durability.EPHEMERAL,
      replicable: false,
      services: [],
      fileDescriptorSet: expect.objectContaining({ length: 0 }),
    });
    expect(JSON.parse(settingsSchema)).toMatchObject({
      type: "object",
      required: ["url"],
      additionalProperties: false,
    });
  });
});

describe("Configure", () => {
  test("names every wrong setting", async () => {
    const error = await failure(configure({ url: "nope", pool_size: 65, pasword: "hunter2" }));
    expect(error.reason).toBe("INVALID_SETTINGS");
    expect(error.fieldViolations.map(({ field }) => field).sort()).toEqual(["pasword", "pool_size", "url"]);
    expect(error.message).not.toContain("hunter2");
  });

  test("may be called again after it failed, and not after it succeeded", async () => {
    await failure(configure({}));
    await configure();
    expect(await failure(configure())).toMatchObject({ reason: "INVALID_SETTINGS" });
  });

  test("comes before Bind", async () => {
    expect(await failure(tiny.contract.bind(bindRequest))).toMatchObject({ reason: "PLUGIN_UNAVAILABLE" });
  });
});

test("a backend may have nothing to close, and nothing to say of what it removed", async () => {
  await using plain = await runTinyPlugin({
    open: () => ({ keyValue: { bind: () => ({ pattern: new TinyStore() }), deleteData: () => undefined } }),
  });
  await plain.serve(["demo"]);
  const { changes } = await plain.contract.unbind({ namespace: "demo", pattern, deleteData: true });
  expect(changes).toEqual(["removed all data"]);
  await expect(plain.running.close()).resolves.toBeUndefined();
});

describe("Bind", () => {
  beforeEach(async () => {
    await configure();
  });

  test("gives everything that the plugin has when no needs were written", async () => {
    expect(await tiny.contract.bind(bindRequest)).toEqual({
      changes: ["made demo"],
      capabilities: [...keyValueCapabilities],
      limits: { value_bytes_max: 1_000n, ttl_grain_ms: 10n },
      durability: Durability.EPHEMERAL,
    });
  });

  test.each([
    [[], []],
    [["ttl"], ["ttl"]],
    [["ordered_scan"], ["scan", "ordered_scan"]],
  ])("gives needs %j as %j", async (needs, capabilities) => {
    const bound = await tiny.contract.bind({ ...bindRequest, needs, needsGiven: true });
    expect(bound.capabilities).toEqual(capabilities);
  });

  test("refuses more durability than the plugin ever gives, also when it only plans, and makes nothing", async () => {
    for (const planOnly of [false, true]) {
      const refused = failure(tiny.contract.bind({ ...bindRequest, durability: Durability.BACKEND, planOnly }));
      expect(await refused).toMatchObject({ reason: "DURABILITY_MISSING" });
    }
    expect(tiny.inside.stores.size).toBe(0);
  });

  test("refuses a durability that it does not know, rather than give less", async () => {
    const refused = failure(tiny.contract.bind({ ...bindRequest, durability: 4 as Durability }));
    expect(await refused).toMatchObject({ reason: "INVALID_FIELD" });
  });

  test("changes nothing when it only plans", async () => {
    const planned = await tiny.contract.bind({ ...bindRequest, planOnly: true });
    expect(planned.changes).toEqual(["would make demo"]);
    expect(tiny.inside.stores.size).toBe(0);
    expect(await failure(exists("demo"))).toMatchObject({ reason: "NAMESPACE_NOT_FOUND" });
  });

  test("does nothing the second time, and changes the binding for other needs", async () => {
    await tiny.contract.bind(bindRequest);
    expect((await tiny.contract.bind(bindRequest)).changes).toEqual([]);
    const changed = await tiny.contract.bind({ ...bindRequest, needs: ["count"], needsGiven: true });
    expect(changed.capabilities).toEqual(["count"]);
    await exists("demo");
  });

  test("refuses options, which this pattern does not take", async () => {
    const error = await failure(tiny.contract.bind({ ...bindRequest, options: { partitions: 12, "a b": true } }));
    expect(error).toMatchObject({ reason: "INVALID_SETTINGS", metadata: { namespace: "demo" } });
    expect(error.message).toContain("namespaces.demo.options.partitions: is not an option; key-value takes none");
    expect(error.fieldViolations.map(({ field }) => field)).toEqual(["options.partitions", "options.a b"]);
  });

  test.each([
    ["a need that the plugin does not have", { needs: ["ttl", "wings"], needsGiven: true }, "CAPABILITY_MISSING"],
    ["another pattern", { pattern: "queue" }, "PATTERN_MISMATCH"],
    ["no name", { namespace: "" }, "INVALID_FIELD"],
    ["a name of 129 bytes", { namespace: `${"é".repeat(64)}x` }, "INVALID_FIELD"],
  ])("refuses %s", async (_, change, reason) => {
    expect(await failure(tiny.contract.bind({ ...bindRequest, ...change }))).toMatchObject({ reason });
  });

  test("of many namespaces at once gives each its own store", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `n${index}`);
    await Promise.all(names.map((namespace) => tiny.contract.bind({ ...bindRequest, namespace })));
    await Promise.all(names.map((namespace) => exists(namespace)));
    expect(new Set(tiny.inside.stores.values()).size).toBe(20);
  });
});

describe("Bind with options", () => {
  const options = z.strictObject({ partitions: z.int().min(1).max(64).default(4).describe("How many.") });
  let bound: Binding<z.output<typeof options>>[];
  let partitioned: RunningTiny;
  const bind = (namespace: string, given: Record<string, unknown> | undefined) =>
    partitioned.contract.bind({ ...bindRequest, namespace, options: given });

  beforeEach(async () => {
    bound = [];
    const plugin = definePlugin({
      ...tinyPlugin().plugin,
      patterns: { [pattern]: { capabilities: [], durability: "disk", options } },
      open: () => ({
        keyValue: {
          bind: (binding) => {
            bound.push(binding);
            const durability = () => ({ durability: "backend" as const });
            return { pattern: new TinyStore(), ...(binding.options.partitions === 1 && { durability }) };
          },
          deleteData: () => undefined,
        },
      }),
    });
    partitioned = await runTinyPlugin(plugin);
    await partitioned.serve([]);
  });
  afterEach(() => partitioned[Symbol.asyncDispose]());

  test("hands them over parsed, with defaults", async () => {
    await bind("given", { partitions: 12 });
    await bind("empty", {});
    await bind("none", undefined);
    expect(bound.map(({ namespace, options: { partitions } }) => [namespace, partitions])).toEqual([
      ["given", 12],
      ["empty", 4],
      ["none", 4],
    ]);
  });

  test("binds again only when they say something else", async () => {
    await bind("demo", undefined);
    await bind("demo", { partitions: 4 });
    await bind("demo", { partitions: 5 });
    expect(bound.map(({ options: { partitions } }) => partitions)).toEqual([4, 5]);
  });

  test("names every wrong one with its path, and binds nothing", async () => {
    const error = await failure(bind("a.b", { partitions: 65, partition: 1 }));
    expect(error.reason).toBe("INVALID_SETTINGS");
    expect(error.message).toMatch(/namespaces\."a\.b"\.options\.partitions: .*64/);
    expect(error.message).toContain('namespaces."a.b".options.partition: is not an option of key-value on this plugin');
    expect(error.fieldViolations.map(({ field }) => field)).toEqual(["options.partitions", "options.partition"]);
    expect(bound).toEqual([]);
  });

  test("answers what the binding survives: the pattern's durability, or its own", async () => {
    expect(await bind("pattern", {})).toMatchObject({ durability: Durability.DISK });
    expect(await bind("own", { partitions: 1 })).toMatchObject({ durability: Durability.BACKEND });
    expect(await bind("own", { partitions: 1 })).toMatchObject({ durability: Durability.BACKEND });
  });

  test("is described with what they are", async () => {
    const { durability, patterns } = await partitioned.contract.describe({});
    expect(durability).toBe(Durability.EPHEMERAL);
    expect(patterns[0]).toMatchObject({ durability: Durability.DISK });
    expect(JSON.parse(patterns[0]!.optionsSchema)).toMatchObject({
      properties: { partitions: { minimum: 1, maximum: 64, default: 4, description: "How many." } },
      additionalProperties: false,
    });
  });
});

test("Bind finds a plugin that lacks a method of what it declares", async () => {
  const pattern_ = Object.assign(new TinyStore(), { batchSet: undefined, persist: undefined });
  await using broken = await runTinyPlugin({
    open: () => ({
      keyValue: { bind: () => ({ pattern: pattern_ as never }), deleteData: () => [] },
      close: () => undefined,
    }),
  });
  const error = await failure(broken.serve(["demo"]));
  expect(error.reason).toBe("INTERNAL");
  expect(error.message).toContain("persist, batchSet");
});

describe("Unbind", () => {
  beforeEach(async () => {
    await configure();
    await tiny.contract.bind(bindRequest);
  });

  test("forgets the namespace and leaves its data", async () => {
    expect((await tiny.contract.unbind({ namespace: "demo", pattern, deleteData: false })).changes).toEqual([]);
    expect(await failure(exists("demo"))).toMatchObject({ reason: "NAMESPACE_NOT_FOUND", code: GrpcCode.NOT_FOUND });
    expect(tiny.inside.stores.has("demo")).toBe(true);
  });

  test("removes the data when it is asked to, also of a namespace that is not bound", async () => {
    const remove = { namespace: "demo", pattern, deleteData: true };
    expect((await tiny.contract.unbind(remove)).changes).toEqual(["removed demo"]);
    expect((await tiny.contract.unbind(remove)).changes).toEqual([]);
    expect(tiny.inside.deleted).toEqual(["demo", "demo"]);
  });

  test("ends the namespace's watches with a reason", async () => {
    const call = tiny.client.stream(`${service}/Watch`);
    call.write(encodeMessage(WatchRequest, { namespace: "demo", prefix: "" }));
    const events = call.messages()[Symbol.asyncIterator]();
    await events.next();
    const ended = failure(events.next());
    await tiny.contract.unbind({ namespace: "demo", pattern, deleteData: false });
    expect(await ended).toMatchObject({ reason: "NAMESPACE_UNAVAILABLE" });
  });
});

describe("Health", () => {
  test("reports at once, on every change, and again after the interval", async () => {
    await configure();
    const reports = tiny.contract.health({ interval: durationFromMs(100) })[Symbol.asyncIterator]();
    expect((await reports.next()).value).toEqual({ backend: BackendHealth.UNSPECIFIED, message: "" });
    tiny.inside.reportHealth({ reachable: false, message: "connection refused" });
    const down = { backend: BackendHealth.UNREACHABLE, message: "connection refused" };
    expect((await reports.next()).value).toEqual(down);
    expect((await reports.next()).value).toEqual(down);
    tiny.inside.reportHealth({ reachable: true });
    expect((await reports.next()).value).toEqual({ backend: BackendHealth.REACHABLE, message: "" });
    await reports.return?.();
  });

  test.each([99, 60_001])("refuses an interval of %d ms", async (intervalMs) => {
    const reports = tiny.contract.health({ interval: durationFromMs(intervalMs) })[Symbol.asyncIterator]();
    expect(await failure(reports.next())).toMatchObject({ reason: "INVALID_FIELD" });
  });
});

test("Metrics are those of every process and the backend's own", async () => {
  const own = {
    name: "prism_plugin_stored_bytes",
    help: "Stored.",
    kind: "gauge" as const,
    samples: [{ labels: { ns: "n" }, value: 7 }],
  };
  await using measured = await runTinyPlugin({
    open: () => ({
      keyValue: { bind: () => ({ pattern: new TinyStore() }), deleteData: () => [] },
      metrics: () => [own],
      close: () => undefined,
    }),
  });
  await measured.serve(["demo"]);
  const { families } = await measured.contract.metrics({});
  expect(families.map(({ name }) => name)).toEqual([
    "prism_plugin_cpu_seconds_total",
    "prism_plugin_resident_bytes",
    "prism_plugin_event_loop_lag_seconds",
    "prism_plugin_calls_in_flight",
    "prism_plugin_stored_bytes",
  ]);
  for (const { samples } of families) expect(Number.isFinite(samples[0]?.value)).toBe(true);
  expect(families.at(-1)?.samples).toEqual([{ labels: { ns: "n" }, value: 7 }]);
});

describe("Drain", () => {
  const blocked = async () => {
    await tiny.serve(["demo"]);
    const gate = Promise.withResolvers<void>();
    tiny.inside.stores.get("demo")!.gate = gate.promise;
    const call = exists("demo");
    call.catch(() => undefined);
    await expect.poll(async () => (await tiny.contract.metrics({})).families[3]?.samples[0]?.value).toBe(1);
    return { gate, call, signal: () => tiny.inside.stores.get("demo")!.lastSignal };
  };

  test("waits for calls in flight, refuses new ones, answers, and then everything is closed", async () => {
    const { gate, call } = await blocked();
    const drained = tiny.contract.drain({ grace: durationFromMs(20_000) });
    await expect.poll(() => failure(exists("demo"))).toMatchObject({ reason: "DRAINING", code: GrpcCode.UNAVAILABLE });
    gate.resolve();
    expect(ExistsResponse.decode(await call)).toEqual({ exists: false });
    expect(await drained).toEqual({ completed: 1, aborted: 0 });
    await tiny.running.finished;
    expect(tiny.inside.closed).toBe(true);
  });

  test("ends what is left when its time is over, and tells the store", async () => {
    const { call, signal } = await blocked();
    expect(await tiny.contract.drain({ grace: durationFromMs(20) })).toEqual({ completed: 0, aborted: 1 });
    expect(await failure(call)).toMatchObject({ reason: "DRAINING", retryAfterMs: expect.any(Number) });
    expect(signal()?.aborted).toBe(true);
    await tiny.running.finished;
  });

  test("ends watches and health reports at once", async () => {
    await tiny.serve(["demo"]);
    const health = tiny.contract.health({ interval: undefined })[Symbol.asyncIterator]();
    await health.next();
    const call = tiny.client.stream(`${service}/Watch`);
    call.write(encodeMessage(WatchRequest, { namespace: "demo", prefix: "" }));
    const events = call.messages()[Symbol.asyncIterator]();
    await events.next();
    const ended = failure(events.next());
    expect(await tiny.contract.drain({ grace: durationFromMs(20_000) })).toEqual({ completed: 0, aborted: 1 });
    expect(await ended).toMatchObject({ reason: "DRAINING" });
    expect(await health.next()).toEqual({ done: true, value: undefined });
    await tiny.running.finished;
  });
});

test("a defect of the store is INTERNAL for the caller and stands in the log with its path", async () => {
  await tiny.serve(["demo"]);
  const call = tiny.client.unary(`${service}/Get`, encodeMessage(GetRequest, { namespace: "demo", key: "defect" }));
  const error = await failure(call);
  expect(error).toMatchObject({ reason: "INTERNAL" });
  expect(error.message).not.toContain("secret");
  expect(tiny.log.lines.find(({ level }) => level === "error")?.fields).toMatchObject({
    path: `${service}/Get`,
    err: { message: "secret of the store" },
  });
});
