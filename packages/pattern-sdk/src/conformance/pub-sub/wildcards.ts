import assert from "node:assert/strict";
import { casesOf } from "./pub-sub-case.js";

const topics = ["a", "b", "a.b", "a.c", "b.a", "a.b.c", "a.b.c.d", "ab", "aXb", "A.b", "a.é", "a.b.x"];

/** Each pattern, and which of the topics it stands for. */
const patterns: Readonly<Record<string, readonly string[]>> = {
  "*": ["a", "b", "ab", "aXb"],
  ">": topics,
  "a.*": ["a.b", "a.c", "a.é"],
  "*.b": ["a.b", "A.b"],
  "a.>": ["a.b", "a.c", "a.b.c", "a.b.c.d", "a.é", "a.b.x"],
  "*.*": ["a.b", "a.c", "b.a", "A.b", "a.é"],
  "a.*.c": ["a.b.c"],
  "a.*.>": ["a.b.c", "a.b.c.d", "a.b.x"],
  "*.*.*.*": ["a.b.c.d"],
  "a.b.>": ["a.b.c", "a.b.c.d", "a.b.x"],
};

export const wildcardCases = [
  ...casesOf("wildcards", ["wildcards"], {
    "a pattern gets the topics that it stands for, and no other": async (pubsub) => {
      const subscriptions = await Promise.all(Object.keys(patterns).map((pattern) => pubsub.subscribe(pattern)));
      for (const topic of topics) await pubsub.publish(topic, topic);
      for (const topic of topics) await pubsub.publish(topic, "end");
      for (const [index, [pattern, expected]] of Object.entries(patterns).entries()) {
        const subscription = subscriptions[index]!;
        await subscription.count(expected.length * 2);
        const named = subscription.arrivals.filter(({ text }) => text !== "end");
        assert.deepEqual(named.map(({ topic }) => topic).sort(), [...expected].sort(), `the pattern ${pattern}`);
        for (const { topic, text } of named) assert.equal(topic, text, "the topic is the message's own");
      }
    },

    "a pattern and a topic that match the same message each get it once": async (pubsub) => {
      const subscriptions = await Promise.all(["a.b", "a.*", "a.>", "a.b"].map((topic) => pubsub.subscribe(topic)));
      await pubsub.publish("a.b", "v", "end");
      for (const subscription of subscriptions) assert.deepEqual(await subscription.before("end"), ["v"]);
    },

    "messages of one publisher to one topic are in order": async (pubsub) => {
      const subscription = await pubsub.subscribe("a.>");
      const texts = Array.from({ length: 100 }, (_, index) => `${index}`);
      for (const text of texts) await pubsub.publish(`a.${Number(text) % 2}`, text);
      await subscription.count(100);
      for (const topic of ["a.0", "a.1"]) {
        const own = subscription.arrivals.filter((arrival) => arrival.topic === topic).map(({ text }) => text);
        assert.deepEqual(
          own,
          texts.filter((text) => `a.${Number(text) % 2}` === topic),
        );
      }
    },
  }),

  ...casesOf("wildcards", ["wildcards", "groups", "acknowledgement"], {
    "a group may subscribe to a pattern": async (pubsub) => {
      const members = await Promise.all([1, 2].map(() => pubsub.hold("a.*", { group: "g" })));
      for (const topic of topics) await pubsub.publish(topic, topic);
      const expected = patterns["a.*"]!;
      const seen = () => members.flatMap(({ arrivals }) => arrivals.map(({ topic }) => topic));
      await members[0]!.until("every message arrives at one member", () => seen().length >= expected.length);
      assert.deepEqual(seen().sort(), [...expected].sort());
    },
  }),
];
