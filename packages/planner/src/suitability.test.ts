import { describe, expect, test } from "vitest";
import { type OptionTexts, planFor, shipped } from "./plan.fixture.js";
import { softRules } from "./soft-rules.js";
import { rules, rulesOfAccess } from "./suitability.js";

const offers = ["kafka", "memstore", "nats", "postgres", "redis", "sqlite"].map((plugin) => shipped(plugin));

/** The plugins in the order in which they are taken, those that have the pattern. */
function order(options: OptionTexts): readonly string[] {
  const { chosen, rejected } = planFor(options, { offers });
  const others = rejected.filter(({ reason }) => reason.startsWith("suits less"));
  return [chosen!, ...others].map(({ plugin }) => plugin);
}

/** Of each pattern the plugins, the best first. */
const orders: Readonly<Record<string, readonly string[]>> = {
  stream: ["kafka", "nats", "postgres", "redis", "sqlite", "memstore"],
  "key-value": ["redis", "postgres", "nats", "sqlite", "memstore"],
  "pub-sub": ["nats", "kafka", "redis", "postgres", "memstore"],
  queue: ["postgres", "nats", "redis", "sqlite", "memstore"],
  relational: ["postgres", "sqlite"],
};

describe("the table", () => {
  test.each(Object.entries(orders))("orders the plugins for %s", (pattern, plugins) => {
    const offered = plugins.filter((plugin) => shipped(plugin).patterns?.has(pattern));
    expect(order({ pattern })).toEqual(offered);
    expect(Object.keys(rules[pattern as keyof typeof rules])).toEqual(plugins);
  });

  test("knows what suits appends best: a log", () => {
    expect(order({ access_pattern: "append_heavy" })[0]).toBe("kafka");
  });

  test("takes PostgreSQL for keys that are mostly written", () => {
    expect(Object.keys(rulesOfAccess)).toEqual(["write_heavy"]);
    expect(order({ access_pattern: "write_heavy" })[0]).toBe("postgres");
    expect(order({ access_pattern: "read_heavy" })[0]).toBe("redis");
  });

  test("puts a plugin that it does not know in the middle", () => {
    const other = { ...shipped("postgres"), backend: "other", plugin: "other" };
    expect(planFor({}, { offers: [other, shipped("memstore"), shipped("redis")] }).chosen?.plugin).toBe("redis");
    expect(planFor({}, { offers: [other, shipped("memstore")] }).chosen?.plugin).toBe("other");
  });
});

/** For each wish needs that have it, needs that just do not, and what it moves. */
const wishes: Readonly<Record<string, { with: OptionTexts; without: OptionTexts; plugin: string; by: number }>> = {
  "quick answers": {
    with: { access_pattern: "write_heavy", latency_target: "5ms" },
    without: { access_pattern: "write_heavy", latency_target: "6ms" },
    plugin: "redis",
    by: 15,
  },
  "quick delivery": {
    with: { pattern: "pub-sub", latency_target: "5ms" },
    without: { pattern: "pub-sub", latency_target: "1s" },
    plugin: "kafka",
    by: -10,
  },
  "more than fits into memory": {
    with: { data_size: "101GiB" },
    without: { data_size: "100GiB" },
    plugin: "redis",
    by: -30,
  },
  "very many reads": {
    with: { estimated_read_rps: "100001" },
    without: { estimated_read_rps: "100k" },
    plugin: "redis",
    by: 15,
  },
  "very many messages": {
    with: { pattern: "pub-sub", estimated_write_rps: "50001" },
    without: { pattern: "pub-sub", estimated_write_rps: "50k" },
    plugin: "kafka",
    by: 30,
  },
  "no one to share with": {
    with: { pattern: "relational", estimated_write_rps: "1001" },
    without: { pattern: "relational", estimated_write_rps: "1k" },
    plugin: "sqlite",
    by: -20,
  },
};

describe("a wish", () => {
  test("has a case, each", () => {
    expect(Object.keys(wishes)).toEqual(softRules.map(({ name }) => name));
  });

  test.each(Object.entries(wishes))("%s moves a plugin, and the reason says so", (name, { plugin, by, ...needs }) => {
    const verdict = (options: OptionTexts) => {
      const { chosen, rejected } = planFor(options, { offers });
      return [chosen!, ...rejected].find((one) => one.plugin === plugin)!;
    };
    const [wished, other] = [verdict(needs.with), verdict(needs.without)];
    expect(wished.points - other.points).toBe(by);
    const { reason } = softRules.find((one) => one.name === name)!.changes[plugin]!;
    expect(wished.reason).toContain(reason);
    expect(other.reason).not.toContain(reason);
  });

  test("never brings in a backend that lacks what must be there", () => {
    const needs = { latency_target: "1ms", durability: "disk" };
    expect(planFor(needs, { offers: [shipped("memstore"), shipped("sqlite")] }).chosen?.plugin).toBe("sqlite");
  });
});
