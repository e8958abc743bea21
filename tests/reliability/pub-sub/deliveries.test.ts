import { expect, test } from "vitest";
import { checkDeliveries, type Publishing, type PubSubHistory, type Subscriber } from "./deliveries.ts";

const publishing = (kind: "done" | "unknown", ...texts: string[]): Publishing => ({
  process: 0,
  startMs: 0,
  endMs: 1,
  input: texts,
  ending: kind === "done" ? { kind, output: texts } : { kind, reason: "test" },
});

const subscriber = (delivered: string[], acknowledged = delivered): Subscriber => ({
  delivered: delivered.map((text, atMs) => ({ text, atMs })),
  acknowledged: new Set(acknowledged),
});

const published = [publishing("done", "1-0", "1-1"), publishing("unknown", "1-2"), publishing("done", "2-0")];
const handled = [subscriber(["1-0", "1-1", "2-0"])];

test.each<[string, PubSubHistory, number]>([
  [
    "each message is handled by one member",
    { publishings: published, members: [subscriber(["1-0", "2-0"]), subscriber(["1-1"])], listeners: [] },
    0,
  ],
  [
    "one comes again because nobody acknowledged it",
    {
      publishings: published,
      members: [subscriber(["1-0", "1-1"], ["1-0"]), subscriber(["1-1", "2-0", "1-2"])],
      listeners: [],
    },
    1,
  ],
  [
    "a listener misses some",
    { publishings: published, members: handled, listeners: [subscriber(["1-0", "2-0", "1-2"])] },
    0,
  ],
  ["nobody listens", { publishings: published, members: handled, listeners: [] }, 0],
])("the promise is kept when %s", (_, history, duplicates) => {
  const { lost, wrong, duplicated } = checkDeliveries(history);
  expect({ lost, wrong, duplicates: duplicated.length }).toEqual({ lost: [], wrong: [], duplicates });
});

test.each<[string, Subscriber]>([
  ["was never delivered", subscriber(["1-0", "1-1"])],
  ["was delivered and never acknowledged", subscriber(["1-0", "1-1", "2-0"], ["1-0", "1-1"])],
])("an accepted message that %s is lost to its group", (_, member) => {
  const { lost } = checkDeliveries({ publishings: published, members: [member], listeners: [] });
  expect(lost?.map(({ what }) => what)).toEqual(["2-0"]);
});

test.each<[string, string[], string]>([
  ["a message that comes twice to a listener", ["1-0", "1-1", "1-1"], "1-1 comes twice"],
  ["messages of one publisher in another order", ["1-1", "2-0", "1-0"], "1-0 comes twice or too late"],
  ["a message that nobody published", ["3-0"], "never published"],
])("%s is found", (_, texts, what) => {
  const { wrong } = checkDeliveries({ publishings: published, members: handled, listeners: [subscriber(texts)] });
  expect(wrong.map((finding) => finding.what).join()).toContain(what);
});
