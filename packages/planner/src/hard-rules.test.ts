import { describe, expect, test } from "vitest";
import { hardRules } from "./hard-rules.js";
import type { Offer, OfferedPattern } from "./offer.js";
import { type OptionTexts, planFor, shipped } from "./plan.fixture.js";

const bare = (pattern: string, more: Partial<OfferedPattern> = {}): Offer => ({
  backend: "bare",
  plugin: "bare",
  patterns: new Map([[pattern, { capabilities: [], durability: "disk", itemBytesMax: 1_024, ...more }]]),
});

/** For each rule a backend that lacks what is needed, what is said, and one that has it. */
const cases: Readonly<Record<string, { needs: OptionTexts; lacks: Offer; says: string; instead: string; has: Offer }>> =
  {
    "named backend": {
      needs: { backend: "postgres" },
      lacks: shipped("redis"),
      says: "acme.UserEvents names postgres",
      instead: '(prism.backend) = "my-redis"',
      has: shipped("postgres"),
    },
    retention: {
      needs: { pattern: "stream", retention_days: "1" },
      lacks: bare("stream"),
      says: "it lacks the capability retention",
      instead: "(prism.retention_days) left out",
      has: shipped("redis"),
    },
    ttl: {
      needs: { ttl: "1h" },
      lacks: bare("key-value"),
      says: "it lacks the capability ttl",
      instead: "(prism.ttl) left out",
      has: shipped("sqlite"),
    },
    ordering: {
      needs: { pattern: "pub-sub", ordering: "per_key" },
      lacks: bare("pub-sub"),
      says: "it lacks the capability ordering",
      instead: '(prism.ordering) = "none"',
      has: shipped("kafka"),
    },
    durability: {
      needs: { durability: "disk" },
      lacks: shipped("memstore"),
      says: "what it acknowledges is lost with its process, and durability disk is needed",
      instead: "(prism.durability) left out",
      has: shipped("sqlite"),
    },
    consistency: {
      needs: { pattern: "stream", consistency: "strong" },
      lacks: shipped("nats", { replicas: 3 }),
      says: "its reads are eventual: any replica answers a read, and one may lag",
      instead: '(prism.consistency) = "eventual"',
      has: shipped("nats", { replicas: 1 }),
    },
    "message size": {
      needs: { pattern: "stream", max_message_size: "1MiB" },
      lacks: shipped("nats"),
      says: "it takes 983,040 bytes at most",
      instead: "messages of 983,040 bytes or less",
      has: shipped("kafka"),
    },
    space: {
      needs: { data_size: "300MiB", item_size: "1MiB" },
      lacks: shipped("memstore"),
      says: "it may hold 256 MiB, and 300.1 MiB are needed: 300 MiB ÷ 1,048,576 bytes × (1,048,576 + 512) bytes",
      instead: "at most 256 MiB of data, or a larger max_bytes",
      has: shipped("memstore", { bytesMax: 2 ** 30 }),
    },
  };

test("every hard rule has a case", () => {
  expect(Object.keys(cases)).toEqual(hardRules.map(({ name }) => name));
});

describe.each(Object.entries(cases))("%s", (_, { needs, lacks, says, instead, has }) => {
  test("keeps a backend out that lacks it, and says what would do", () => {
    const { action, rejected } = planFor(needs, { offers: [lacks] });
    expect(rejected.map(({ reason }) => reason)).toEqual([says]);
    const nearest = `${lacks.backend} (${lacks.plugin}) would do with ${instead}`;
    expect(action).toEqual({ kind: "refuse", reason: `no configured backend can hold it; ${nearest}` });
  });

  test("lets one in that has it, also beside one that suits better", () => {
    expect(planFor(needs, { offers: [lacks, has] }).chosen?.backend).toBe(has.backend);
  });
});

test("a backend is told all that it lacks, and the nearest is the one that lacks least", () => {
  const needs = { pattern: "stream", retention_days: "1", durability: "disk", max_message_size: "2MiB" };
  const offers = [bare("stream", { durability: "ephemeral" }), shipped("memstore")];
  const { action, rejected } = planFor(needs, { offers });
  expect(rejected.find(({ backend }) => backend === "bare")?.reason).toBe(
    "it lacks the capability retention; what it acknowledges is lost with its process, and durability disk is needed; it takes 1,024 bytes at most",
  );
  expect(action).toMatchObject({
    reason: "no configured backend can hold it; my-memstore (memstore) would do with (prism.durability) left out",
  });
});

test("a backend without the pattern, and a plugin that does not describe itself, are kept out", () => {
  const silent: Offer = { backend: "silent", plugin: "silent", patterns: undefined };
  const { rejected } = planFor({ pattern: "queue" }, { offers: [shipped("kafka"), silent] });
  expect(rejected.map(({ reason }) => reason).sort()).toEqual([
    "it has no queue",
    "its plugin's package does not say what it offers",
  ]);
});

test("without any backend the plan says so", () => {
  expect(planFor({}).action).toEqual({ kind: "refuse", reason: "no backend is configured" });
});

test("a backend that is away takes nothing new, and the plan says why", () => {
  const away = { ...shipped("sqlite"), away: "it is unreachable: no such file" };
  const { action, rejected } = planFor({ access_pattern: "append_heavy" }, { offers: [away] });
  expect(rejected).toMatchObject([{ reason: "it is unreachable: no such file" }]);
  expect(action).toMatchObject({
    reason: expect.stringContaining("would do with itself ready and its data system reachable"),
  });
  const existing = { pattern: "stream", backend: "my-sqlite" };
  const there = planFor({ access_pattern: "append_heavy" }, { offers: [away, shipped("nats")], existing });
  expect(there.action).toEqual({ kind: "keep" });
});
