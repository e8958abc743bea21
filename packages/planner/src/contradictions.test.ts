import { describe, expect, test } from "vitest";
import { contradictions } from "./contradictions.js";
import { type OptionTexts, planFor, shipped } from "./plan.fixture.js";

/** For each rule needs that contradict themselves, what is said of them, and the nearest that pass. */
const cases: Readonly<Record<string, { wrong: OptionTexts; says: RegExp; right: OptionTexts }>> = {
  "replay of what is not kept": {
    wrong: { pattern: "queue", replay: "true" },
    says: /queue forgets what was read; replay needs \(prism\.pattern\) = "stream"$/,
    right: { pattern: "stream", replay: "true" },
  },
  "ttl on messages": {
    wrong: { pattern: "stream", ttl: "48h" },
    says: /for stream say \(prism\.retention_days\) = "48h"$/,
    right: { pattern: "stream", retention_days: "48h" },
  },
  "retention that is too long": {
    wrong: { pattern: "stream", retention_days: "3651d" },
    says: /"3650d"; "0" keeps data for ever$/,
    right: { pattern: "stream", retention_days: "3650d" },
  },
  "order in one partition": {
    wrong: { pattern: "stream", ordering: "total", estimated_write_rps: "501" },
    says: /takes 500 writes\/s, and 501 are needed; "per_key" spreads over partitions$/,
    right: { pattern: "stream", ordering: "total", estimated_write_rps: "500" },
  },
  "order where there is none": {
    wrong: { pattern: "pub-sub", ordering: "total" },
    says: /say "per_key", or take a stream$/,
    right: { pattern: "pub-sub", ordering: "per_key" },
  },
  "consistency of what is not read": {
    wrong: { pattern: "pub-sub", consistency: "strong" },
    says: /say "eventual"/,
    right: { pattern: "pub-sub", consistency: "eventual" },
  },
  "largest message below the usual one": {
    wrong: { item_size: "2KiB", max_message_size: "1KiB" },
    says: /say at least "2,048B"$/,
    right: { item_size: "2KiB", max_message_size: "2048B" },
  },
  "data size twice": {
    wrong: { data_size: "1GiB", estimated_data_size_gb: "1" },
    says: /leave one of them out$/,
    right: { estimated_data_size_gb: "1" },
  },
  "rates that do not add up": {
    wrong: { estimated_rps: "100", estimated_read_rps: "60", estimated_write_rps: "60" },
    says: /add up to 120: say "120", or leave it out$/,
    right: { estimated_rps: "120", estimated_read_rps: "60", estimated_write_rps: "60" },
  },
  "cache of what is read once": {
    wrong: { pattern: "queue", enable_cache: "true" },
    says: /leave it out$/,
    right: { pattern: "key-value", enable_cache: "true" },
  },
  "age of a cache that is off": {
    wrong: { cache_ttl_seconds: "60" },
    says: /says nothing without \(prism\.enable_cache\) = true$/,
    right: { cache_ttl_seconds: "60", enable_cache: "true" },
  },
};

const offers = [shipped("postgres")];

test("every contradiction has a case", () => {
  expect(Object.keys(cases)).toEqual(contradictions.map(({ name }) => name));
});

describe.each(Object.entries(cases))("%s", (name, { wrong, says, right }) => {
  const { option } = contradictions.find((one) => one.name === name)!;

  test("is refused with the nearest that would pass", () => {
    const plan = () => planFor(wrong, { offers });
    expect(plan).toThrow(says);
    expect(plan).toThrow(`acme.UserEvents (prism.${option}): `);
  });

  test("is none in the nearest", () => {
    expect(planFor(right, { offers }).action).toEqual({ kind: "create" });
  });
});

test("contradictions are told together, with what is no value at all", () => {
  const wrong = { pattern: "queue", replay: "true", ttl: "1h", ordering: "total", durability: "paper" };
  expect(() => planFor(wrong, { offers })).toThrow(
    /\(prism\.durability\): .*\n.*\(prism\.replay\): .*\n.*\(prism\.ttl\): .*\n.*\(prism\.ordering\): /,
  );
});
