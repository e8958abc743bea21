import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory, sqlite } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { callJson } from "./json-call.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";

const namespaceWith = (limits: object) => ({ pattern: "key-value", backend: "memory", limits });

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: memory.config(), sqlite: sqlite.config() },
      namespaces: {
        slow: namespaceWith({ calls_per_second: 1, burst: 5 }),
        thin: namespaceWith({ bytes_per_second: "100KiB" }),
        narrow: namespaceWith({ calls_in_flight: 3 }),
        small: namespaceWith({ value_size: "100B", batch_size: 2 }),
        memory: namespaceWith({ storage_size: "64KiB" }),
        sqlite: { ...namespaceWith({ storage_size: "64KiB" }), backend: "sqlite" },
        free: { pattern: "key-value", backend: "memory" },
      },
    },
  });
});
afterAll(() => prism[Symbol.asyncDispose]());

test("a namespace takes its burst, then says what limit is reached and when to try again; others are untouched", async () => {
  using slow = new KeyValueClient(prism.listen, "slow");
  using free = new KeyValueClient(prism.listen, "free");
  const calls = Array.from({ length: 40 }, () =>
    slow.call("Get", { key: "k" }).then(
      () => true,
      () => false,
    ),
  );
  const taken = (await Promise.all(calls)).filter(Boolean).length;
  expect(taken).toBeGreaterThanOrEqual(5);
  expect(taken).toBeLessThan(20);
  const failure = await failureFrom(Promise.all(Array.from({ length: 20 }, () => slow.call("Get", { key: "k" }))));
  expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "QUOTA_EXCEEDED", quotas: ["namespace:slow"] });
  expect(failure.retryDelayMs).toBe(1_000);
  expect(failure.message).toContain("a limit of 1 calls per second");
  await Promise.all(Array.from({ length: 100 }, () => free.call("Get", { key: "k" })));
});

test("bytes are counted as they pass; what was too much is made up before the next call, as the answer says", async () => {
  using thin = new KeyValueClient(prism.listen, "thin");
  await thin.set("k", Buffer.alloc(300 * 1024));
  const failure = await failureFrom(thin.get("k"));
  expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "QUOTA_EXCEEDED", quotas: ["namespace:thin"] });
  expect(failure.message).toContain("a limit of 102400 bytes per second");
  expect(failure.retryDelayMs).toBeGreaterThan(0);
  expect(failure.retryDelayMs).toBeLessThanOrEqual(2_100);
  await eventually("a call after what the answer says", 10_000, () =>
    thin.get("k").then(
      () => true,
      () => false,
    ),
  );
});

test("calls in flight are counted until they end, subscriptions too", async () => {
  using app = new KeyValueClient(prism.listen, "narrow");
  const watches = Array.from({ length: 3 }, () => app.watch(""));
  for (const watch of watches) {
    // Cancelled at the end, which grpc-js calls an error.
    watch.on("error", () => {});
    await new Promise((resolve) => watch.once("metadata", resolve));
  }
  const failure = await failureFrom(app.call("Get", { key: "k" }));
  expect(failure).toMatchObject({ reason: "QUOTA_EXCEEDED", quotas: ["namespace:narrow"] });
  const answer = await callJson(prism.listen, "prism.keyvalue.v1.KeyValueService/Get", {
    namespace: "narrow",
    key: "k",
  });
  expect(answer.status).toBe(429);
  watches[0]!.cancel();
  await expect
    .poll(() =>
      app.call("Get", { key: "k" }).then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
  for (const watch of watches) watch.cancel();
});

test("a value or a batch over its limit is refused, and told what limit it is over and not to come again", async () => {
  using small = new KeyValueClient(prism.listen, "small");
  await small.set("k", Buffer.alloc(100));
  const value = await failureFrom(small.set("k", Buffer.alloc(101)));
  const batch = await failureFrom(small.call("BatchGet", { keys: ["a", "b", "c"] }));
  for (const failure of [value, batch]) {
    expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "SIZE_LIMIT_EXCEEDED" });
    expect(failure).toMatchObject({ quotas: ["namespace:small"], retryDelayMs: undefined });
  }
  expect(value.message).toContain("limits.value_size");
  expect(batch.message).toContain("limits.batch_size");
  expect((await small.get("k")).value).toHaveLength(100);
});

describe("a namespace that holds as much as it may takes reads and deletes, and writes again when there is room", {
  concurrent: true,
}, () => {
  test.each([memory.name, sqlite.name])("on %s", async (name) => {
    using full = new KeyValueClient(prism.listen, name);
    await full.set("k", Buffer.alloc(64 * 1024));
    const refused = () =>
      full.set("more", Buffer.alloc(1)).then(
        () => undefined,
        () => true,
      );
    await eventually("the count is over the limit", 15_000, refused);
    const failure = await failureFrom(full.call("Increment", { key: "n", delta: 1 }));
    const quotas = [`namespace:${name}`];
    expect(failure).toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "QUOTA_EXCEEDED", quotas });
    expect(failure).toMatchObject({ retryDelayMs: 5_000, message: expect.stringContaining("limits.storage_size") });
    expect((await full.get("k")).value).toHaveLength(64 * 1024);
    const metrics = await (await fetch(`http://${prism.admin}/metrics`)).text();
    const [, bytes] =
      new RegExp(`^prism_namespace_storage_bytes\\{namespace="${name}"\\} (\\d+)$`, "m").exec(metrics) ?? [];
    expect(Number(bytes)).toBeGreaterThan(64 * 1024);
    await full.call("Delete", { key: "k" });
    await eventually("there is room again", 15_000, async () => !(await refused()));
  });
});
