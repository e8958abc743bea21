import { describe, expect, test } from "vitest";
import type { NamespaceEntry } from "./entry.js";
import { planFor, shipped } from "./plan.fixture.js";

const needs = { access_pattern: "append_heavy", estimated_rps: "10000", retention_days: "90" };
const offers = [shipped("kafka"), shipped("postgres")];

const there: NamespaceEntry = {
  pattern: "stream",
  backend: "my-kafka",
  needs: ["partitions", "retention"],
  options: { partitions: 50, retention_period: "2160h" },
  limits: { calls_per_second: 20_000 },
};

describe("what an operator pinned", () => {
  test("stays, and the plan says what it would have been", () => {
    const existing = { ...there, pin: ["options.partitions"] };
    const { action, entry, pins } = planFor(needs, { offers, existing });
    expect(action).toEqual({ kind: "keep" });
    expect(entry).toEqual(existing);
    expect(pins).toEqual([{ key: "options.partitions", value: "50", planned: "20" }]);
  });

  test("is needed for another number of partitions, and the refusal says how", () => {
    expect(planFor(needs, { offers, existing: there }).action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/to keep 50, add pin: \[options\.partitions\] to the namespace in prism\.yaml$/),
    });
  });

  test("may be that something is not set", () => {
    const { limits: _, ...unlimited } = there;
    const existing = { ...unlimited, pin: ["limits.calls_per_second", "options.partitions"] };
    expect(planFor(needs, { offers, existing })).toMatchObject({
      action: { kind: "keep" },
      pins: [{ key: "limits.calls_per_second", value: undefined, planned: "20000" }, {}],
    });
  });

  test("is the backend also when the app names another", () => {
    const existing = { ...there, pin: ["backend", "options.partitions"] };
    const { chosen, action } = planFor(needs, { offers, existing });
    expect(chosen).toMatchObject({ backend: "my-kafka", reason: "prism.yaml pins it" });
    expect(action.kind).toBe("keep");
    const named = planFor({ ...needs, backend: "postgres" }, { offers, existing });
    expect(named.action).toMatchObject({
      kind: "refuse",
      reason: expect.stringMatching(/\(prism\.backend\) = "my-kafka"/),
    });
  });

  test("does not make an order where there is none", () => {
    const existing = { ...there, pin: ["options.partitions"] };
    const total = { pattern: "stream", ordering: "total", retention_days: "90" };
    expect(planFor(total, { offers, existing }).action).toEqual({
      kind: "refuse",
      reason: 'it has 50 partitions, which have no order between them: say (prism.ordering) = "per_key"',
    });
  });
});

describe("what an operator wrote and plans have no opinion on", () => {
  test("stays without a pin", () => {
    const existing: NamespaceEntry = {
      pattern: "queue",
      backend: "my-postgres",
      options: { max_deliveries: 3, lease: "1m" },
      limits: { calls_in_flight: 7 },
    };
    const queue = { pattern: "queue", estimated_rps: "10" };
    const { entry } = planFor(queue, { offers, existing });
    expect(entry).toEqual({ ...existing, limits: { calls_in_flight: 7, calls_per_second: 20 } });
    expect(planFor(queue, { offers, existing: entry! }).action).toEqual({ kind: "keep" });
  });

  test("are the capabilities beside those that plans ask for", () => {
    const existing = { ...there, options: { ...there.options, partitions: 20 }, needs: ["groups", "partitions"] };
    expect(planFor(needs, { offers, existing }).entry?.needs).toEqual(["partitions", "retention", "groups"]);
    const { needs: _, ...all } = existing;
    expect(planFor(needs, { offers, existing: all }).entry?.needs).toBeUndefined();
  });
});
