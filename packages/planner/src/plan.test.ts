import { describe, expect, test } from "vitest";
import type { Offer, OfferedPattern } from "./offer.js";
import { type Around, planFor, shipped } from "./plan.fixture.js";
import { planNamespaces } from "./plan.js";

const streams = (more: Partial<OfferedPattern> = {}): OfferedPattern => ({
  capabilities: ["partitions", "groups", "retention"],
  durability: "backend",
  itemBytesMax: 3_145_728,
  ...more,
});
const offer = (plugin: string, patterns: Record<string, OfferedPattern>): Offer => ({
  backend: `my-${plugin}`,
  plugin,
  patterns: new Map(Object.entries(patterns)),
});
const kafka = offer("kafka", { stream: streams() });
const postgres = offer("postgres", { stream: streams(), "key-value": streams() });
const memory = offer("memstore", {
  stream: streams({ durability: "ephemeral" }),
  "key-value": streams({ durability: "ephemeral" }),
});

const readme = { access_pattern: "append_heavy", estimated_rps: "10000", retention_days: "90" };

const plan = (options: Record<string, string>, around: Around = {}) =>
  planFor(options, { offers: [memory, postgres, kafka], ...around });

describe("a log of ten thousand writes a second for ninety days", () => {
  test("goes to Kafka where there is one, in 20 partitions that keep 7,776,000,000 ms", () => {
    const { entry, chosen, capacity } = plan(readme);
    expect(chosen).toMatchObject({ backend: "my-kafka", reason: "it is a partitioned log that spreads over brokers" });
    expect(entry).toEqual({
      pattern: "stream",
      backend: "my-kafka",
      needs: ["partitions", "retention"],
      options: { partitions: 20, retention_period: "2160h" },
      limits: { calls_per_second: 20_000 },
    });
    expect(capacity?.figures.map(({ name, value }) => `${name} ${value}`)).toEqual([
      "partitions 20",
      "retention 7,776,000,000 ms",
      "disk 72.4 TiB",
      "replicas as the brokers decide",
      "limit 20,000 calls/s",
    ]);
  });

  test("goes to the best log at hand otherwise, and says why not to the others", () => {
    const { chosen, rejected } = plan(readme, { offers: [memory, postgres] });
    expect(chosen?.backend).toBe("my-postgres");
    expect(rejected).toMatchObject([
      { backend: "my-memstore", plugin: "memstore", reason: expect.stringMatching(/^it may hold 256 MiB, and 10\d/) },
    ]);
  });

  test("is refused where nothing keeps logs for a time", () => {
    const bare = offer("postgres", { stream: streams({ capabilities: ["partitions"] }) });
    const { action, rejected } = plan(readme, { offers: [bare] });
    const reason =
      "no configured backend can hold it; my-postgres (postgres) would do with (prism.retention_days) left out";
    expect(action).toEqual({ kind: "refuse", reason });
    expect(rejected[0]?.reason).toBe("it lacks the capability retention");
  });
});

describe("the backend that an app names", () => {
  test("wins, by its name or its plugin's", () => {
    for (const backend of ["postgres", "my-postgres"])
      expect(plan({ ...readme, backend }).chosen).toMatchObject({
        backend: "my-postgres",
        reason: "acme.UserEvents names it",
      });
  });

  test("does not win over what must be there", () => {
    const { action, rejected } = plan({ ...readme, backend: "memstore", durability: "backend" });
    expect(action.kind).toBe("refuse");
    expect(rejected.find(({ plugin }) => plugin === "memstore")?.reason).toMatch(/lost with its process/);
  });
});

test("a namespace that is deleted and can be restored is neither made anew nor brought back", () => {
  const deleted = new Map([["user-events", "can be restored until tomorrow"]]);
  expect(plan(readme, { deleted }).action).toEqual({
    kind: "refuse",
    reason:
      "it exists and is deleted, and can be restored until tomorrow: bring it back with prism namespace restore user-events, or free its name with prism namespace delete user-events --now",
  });
});

describe("a namespace that is there", () => {
  const existing = plan(readme).entry!;

  test("is kept when nothing differs", () => {
    expect(plan(readme, { existing }).action).toEqual({ kind: "keep" });
  });

  test("stays where it is when a better backend has come", () => {
    const there = plan(readme, { offers: [postgres] }).entry!;
    expect(plan(readme, { existing: there })).toMatchObject({
      action: { kind: "keep" },
      chosen: { backend: "my-postgres", reason: "it holds the namespace already" },
    });
  });

  test("keeps data longer when asked to, and deletes sooner only when that is allowed", () => {
    expect(plan({ ...readme, retention_days: "120" }, { existing }).action).toEqual({
      kind: "change",
      changes: [{ key: "options.retention_period", from: "2160h", to: "2880h" }],
    });
    const sooner = { ...readme, retention_days: "30d" };
    expect(plan(sooner, { existing }).action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/--allow-data-loss/),
    });
    expect(plan(sooner, { existing, allowDataLoss: true }).action).toMatchObject({ kind: "change" });
  });

  test("gets more partitions where it may grow, which order none says, and never fewer", () => {
    const none = { ...readme, ordering: "none" };
    const { entry } = planFor(none, { offers: [shipped("kafka")] });
    expect(entry).toMatchObject({ needs: ["partitions", "growth", "retention"], options: { growable: true } });
    const more = planFor({ ...none, estimated_rps: "20000" }, { offers: [shipped("kafka")], existing: entry });
    expect(more.action).toMatchObject({
      kind: "change",
      changes: expect.arrayContaining([{ key: "options.partitions", from: "20", to: "40" }]),
    });
    const fewer = planFor({ ...none, estimated_rps: "5000" }, { offers: [shipped("kafka")], existing: entry });
    expect(fewer.action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/20 partitions and would get 10/),
    });
  });

  test("does not change its partitions, and does not move", () => {
    expect(plan({ ...readme, estimated_rps: "20k" }, { existing }).action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/20 partitions and would get 40/),
    });
    expect(plan({ ...readme, backend: "postgres" }, { existing }).action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/its data cannot move/),
    });
  });
});

describe("needs that are wrong", () => {
  test("are all told at once, each with its place and what would be right", () => {
    const wrong = { access_pattern: "apend_heavy", estimated_rps: "many", retention_days: "90x", item_size: "1MB" };
    expect(() => plan(wrong)).toThrow(
      [
        'acme.UserEvents (prism.access_pattern): "apend_heavy" is not one of append_heavy, read_heavy, write_heavy, balanced',
        'acme.UserEvents (prism.retention_days): "90x" is not days, or a time such as 36h, 90d or 12w',
        'acme.UserEvents (prism.item_size): "1MB" is not a size such as 400B, 4KiB or 1MiB',
        'acme.UserEvents (prism.estimated_rps): "many" is not a whole number, such as 10000 or 10k',
      ].join("\n"),
    );
  });

  test("are two messages for one namespace", () => {
    const written = ["a.UserEvents", "b.UserEvents"].map((message) => ({
      message,
      options: new Map([["item_size", "1KiB"]]),
    }));
    expect(() => planNamespaces({ written, offers: [memory], namespaces: new Map() })).toThrow(
      "b.UserEvents (prism.namespace): a.UserEvents has the namespace user-events already",
    );
  });
});
