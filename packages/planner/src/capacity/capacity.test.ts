import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Offer } from "../offer.js";
import { type OptionTexts, planFor, shipped } from "../plan.fixture.js";

const figuresOn = (offer: Offer, options: OptionTexts) => {
  const { capacity } = planFor(options, { offers: [offer] });
  return Object.fromEntries(capacity!.figures.map(({ name, value, formula }) => [name, `${value} = ${formula}`]));
};
const warningsOn = (offer: Offer, options: OptionTexts) => planFor(options, { offers: [offer] }).capacity!.warnings;

const log = { access_pattern: "append_heavy", estimated_rps: "10000", retention_days: "90" };

describe("Kafka", () => {
  test("counts the disk of as many replicas as the backend sets", () => {
    expect(figuresOn(shipped("kafka", { replicas: 3 }), log)).toEqual({
      partitions: "20 = 10,000 writes/s ÷ 500 writes/s per partition, rounded up",
      retention: "7,776,000,000 ms = 2,160 hours; older data is deleted",
      disk: "217.3 TiB = 10,000 writes/s × 7,776,000 s × 1,024 bytes × 3 replicas",
      replicas: "3 = replication_factor of my-kafka",
      limit: "20,000 calls/s = 10,000 calls/s × 2; more are refused",
    });
    expect(warningsOn(shipped("kafka", { replicas: 3 }), log)).toEqual([]);
  });

  test("leaves the replicas to the brokers where the backend does not say", () => {
    expect(figuresOn(shipped("kafka"), log)).toMatchObject({
      disk: "72.4 TiB = 10,000 writes/s × 7,776,000 s × 1,024 bytes, per replica",
      replicas: "as the brokers decide = replication_factor is not set on my-kafka, so the brokers' default holds",
    });
  });

  test("warns under three replicas", () => {
    expect(warningsOn(shipped("kafka", { replicas: 1 }), log)).toEqual([
      "with fewer than 3 replicas the loss of a server may lose data: set replication_factor: 3 on my-kafka if there are as many servers",
    ]);
  });

  test("makes a thousand partitions at most, and says how many would be right", () => {
    const many = { ...log, estimated_rps: "1M" };
    expect(figuresOn(shipped("kafka"), many)).toMatchObject({ partitions: expect.stringMatching(/^1,000 = /) });
    expect(warningsOn(shipped("kafka"), many)).toContain("2,000 partitions would be right; 1,000 are the most");
  });
});

describe("NATS", () => {
  test("counts the disk of its replicas, and warns under three", () => {
    expect(figuresOn(shipped("nats", { replicas: 3 }), log)).toMatchObject({ replicas: "3 = replicas of my-nats" });
    expect(figuresOn(shipped("nats", { replicas: 3 }), log).disk).toMatch(/ × 3 replicas$/);
    expect(warningsOn(shipped("nats"), log)).toEqual([expect.stringMatching(/set replicas: 3 on my-nats/)]);
  });
});

describe("PostgreSQL", () => {
  test("needs a connection for each 100 calls/s, 10 to 200", () => {
    const connections = (rate: string) => figuresOn(shipped("postgres"), { estimated_rps: rate }).connections;
    expect(connections("100")).toMatch(/^10 = 100 calls\/s ÷ 100 calls\/s per connection, from 10 to 200$/);
    expect(connections("10000")).toMatch(/^100 = /);
    expect(connections("1M")).toMatch(/^200 = /);
  });

  test("is told to have a larger pool where its own is too small", () => {
    const warnings = (connectionsMax: number) =>
      warningsOn(shipped("postgres", { connectionsMax }), { estimated_rps: "10000" });
    expect(warnings(50)).toEqual([
      "my-postgres has pool_size: 50; set it to 100 for this namespace alone, and more for its others",
    ]);
    expect(warnings(100)).toEqual([]);
  });
});

describe("what is kept", () => {
  test("is the size that is said, with what each item takes beside its payload", () => {
    const formula = "1 MiB ÷ 1,024 bytes × (1,024 + 512) bytes";
    expect(figuresOn(shipped("memstore"), { data_size: "1MiB" }).memory).toBe(`1.5 MiB = ${formula}`);
  });

  test("is what is written within the time to live of keys", () => {
    const needs = { estimated_write_rps: "10", ttl: "60s" };
    const formula = "10 writes/s × 60 s × (1,024 + 512) bytes";
    expect(figuresOn(shipped("memstore"), needs).memory).toBe(`900 KiB = ${formula}`);
  });

  test("grows by a day's writes where nothing is deleted, and the plan warns", () => {
    const needs = { pattern: "stream", estimated_write_rps: "100" };
    expect(figuresOn(shipped("kafka"), needs).growth).toBe(
      "8.2 GiB a day = 100 writes/s × 86,400 s × 1,024 bytes, per replica",
    );
    expect(warningsOn(shipped("kafka"), needs)).toContain(
      "nothing is ever deleted: say (prism.retention_days) unless it is to be kept for ever",
    );
  });

  test("is not guessed where nothing is said", () => {
    expect(Object.keys(figuresOn(shipped("redis"), { estimated_rps: "10" }))).toEqual(["limit"]);
  });
});

test("memstore's bound is the one that its settings have by default", () => {
  const file = new URL("../../../plugin-memstore/package.json", import.meta.url);
  expect(readFileSync(file, "utf8")).toMatch(/default 256MiB/);
  expect(planFor({ data_size: "200MiB" }, { offers: [shipped("memstore")] }).rejected[0]?.reason).toMatch(
    /^it may hold 256 MiB/,
  );
});

test("a total order has one partition", () => {
  const needs = { pattern: "stream", ordering: "total", estimated_write_rps: "400" };
  const { entry, capacity } = planFor(needs, { offers: [shipped("kafka")] });
  expect(entry?.options).toEqual({ partitions: 1 });
  expect(capacity?.figures[0]).toEqual({ name: "partitions", value: "1", formula: "a total order has one partition" });
});

test("a limit that is more than can be said is left out", () => {
  const { entry, capacity } = planFor({ estimated_rps: "600k" }, { offers: [shipped("redis")] });
  expect(entry?.limits).toBeUndefined();
  expect(capacity?.figures.find(({ name }) => name === "limit")?.value).toBe("none");
});

test("times that are no whole hours are kept as they are", () => {
  const needs = { pattern: "stream", retention_days: "90s" };
  expect(planFor(needs, { offers: [shipped("redis")] }).entry?.options).toEqual({ retention_period: "90s" });
});

describe("what is said and not acted on", () => {
  test("of fields is told for each option", () => {
    const fields = { user_id: { pii: "email", required: "true" }, name: { mask_in_logs: "false" } };
    const { capacity } = planFor({}, { offers: [shipped("redis")], fields });
    expect(capacity?.warnings).toEqual([
      "pii email on user_id: encryption and masking are not built yet: the value is stored as it is",
      "required on user_id: values are not validated: they are bytes to Prism",
    ]);
  });

  test("of fields is refused where it is no value", () => {
    const fields = { a: { pii: "mail" }, b: { validation: "regex:(" }, c: { index: "hash", max_length: "-1" } };
    expect(() => planFor({}, { offers: [shipped("redis")], fields })).toThrow(
      /UserEvents\.a \(prism\.pii\): "mail" is not one of .*\n.*b \(prism\.validation\): .* regular .*\n.*c \(prism\.index\): .*\n.*max_length/,
    );
  });

  test("of a cache and of people is told", () => {
    const needs = { enable_cache: "true", owners: "team-a, team-b" };
    const { needs: read, capacity } = planFor(needs, { offers: [shipped("redis")] });
    expect(read.owners).toEqual(["team-a", "team-b"]);
    expect(capacity?.warnings).toEqual([
      "enable_cache: a cache is not built yet; every read goes to the backend",
      "owners and consumers are shown here and not kept: they limit nobody's access",
    ]);
  });
});
