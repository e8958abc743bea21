import { RetentionPolicy, StorageType, type StreamConfig } from "nats";
import { expect, test } from "vitest";
import type { KeptConfig } from "./jet-stream.js";
import { differenceOf, toldDifferences } from "./stream-difference.js";

const wanted = (name: string): KeptConfig => ({
  ...{ name, subjects: ["a", "b"], storage: StorageType.File, retention: RetentionPolicy.Limits },
  ...{ max_age: 0, no_ack: false, metadata: { "prism-namespace": "n" } },
});
const known = (name: string, change: object = {}) =>
  ({
    ...wanted(name),
    no_ack: undefined,
    max_msgs: 9,
    metadata: { "prism-namespace": "n", "_nats.ver": "2.12" },
    ...change,
  }) as StreamConfig;

test("a stream is as wanted whatever it has beside that, and what is off may be left out", () => {
  expect(differenceOf(known("s"), wanted("s"))).toBeUndefined();
});

test("every setting that differs is told, streams that differ alike in one line", () => {
  const differences = ["s", "t", "u", "v"].map((name) =>
    differenceOf(known(name, { max_age: 5, subjects: ["b", "a"] }), wanted(name)),
  );
  differences.push(differenceOf(known("w", { metadata: undefined }), wanted("w")));
  differences.push(differenceOf(undefined, wanted("x")), undefined);
  expect(toldDifferences(differences, { done: false })).toEqual([
    'would change the streams s, t, u and 1 more: subjects ["b","a"] -> ["a","b"], max_age 5 -> 0',
    'would change the stream w: metadata not set -> {"prism-namespace":"n"}',
    "would make the stream x",
  ]);
  expect(toldDifferences(differences.slice(-2), { done: true })).toEqual(["made the stream x"]);
});
