import { expect, test } from "vitest";
import { jsonSchemaOf } from "../../json-schema.js";
import { streamCapabilities } from "./stream-capabilities.js";
import { streamOptions } from "./stream-options.js";

const all = streamOptions(streamCapabilities);

test("a log without options has one partition and keeps everything", () => {
  const nothing = { partitions: 1, retentionMs: undefined, retentionBytes: undefined, compaction: false };
  expect(all.parse({})).toEqual(nothing);
  expect(streamOptions([]).parse({})).toEqual(nothing);
});

test("options are what the operator wrote", () => {
  const written = {
    partitions: 12,
    growable: true,
    retention_period: "72h",
    retention_bytes: "64MiB",
    compaction: true,
  };
  expect(all.parse(written)).toEqual({
    partitions: 12,
    growable: true,
    retentionMs: 259_200_000,
    retentionBytes: 67_108_864,
    compaction: true,
  });
});

test.each([
  ["no partition", { partitions: 0 }, "partitions"],
  ["too many partitions", { partitions: 1_001 }, "partitions"],
  ["half a partition", { partitions: 1.5 }, "partitions"],
  ["a number of days", { retention_period: 7 }, "retention_period"],
  ["a period below the grain of a backend", { retention_period: "999ms" }, "retention_period"],
  ["a period that is longer than anybody waits", { retention_period: "87601h" }, "retention_period"],
  ["a size in decimal units", { retention_bytes: "64MB" }, "retention_bytes"],
  ["a size that holds no record", { retention_bytes: "1023B" }, "retention_bytes"],
  ["compaction as a text", { compaction: "yes" }, "compaction"],
])("%s is refused by the name of the option", (_, written, option) => {
  expect(all.safeParse(written).error?.issues.map(({ path }) => path)).toEqual([[option]]);
});

test.each([
  ["partitions", { partitions: 1 }],
  ["retention", { retention_period: "1h" }],
  ["retention", { retention_bytes: "1MiB" }],
  ["compaction", { compaction: false }],
  ["growth", { growable: false }],
])("without the capability %s %j is no option", (capability, written) => {
  const others = streamCapabilities.filter((one) => one !== capability);
  expect(streamOptions(others).safeParse(written).error?.issues).toMatchObject([{ code: "unrecognized_keys" }]);
});

test("the JSON Schema says what may be written", () => {
  expect(jsonSchemaOf(all)).toMatchObject({
    type: "object",
    additionalProperties: false,
    properties: {
      partitions: { type: "integer", minimum: 1, maximum: 1_000 },
      retention_period: { type: "string" },
      retention_bytes: { type: "string" },
      compaction: { type: "boolean" },
    },
  });
});
