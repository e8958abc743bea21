import assert from "node:assert/strict";
import { assertFailure } from "../expect-failure.js";
import { casesOf } from "./pub-sub-case.js";
import type { PubSubClient } from "./pub-sub-client.js";
import type { PubSubSubject } from "./pub-sub-subject.js";

/** Ends of names that are easily taken for each other; the last but two is Cyrillic, the last are one letter in two ways. */
const nameEnds = ["a", "a:b", "a%", "a_", "A", "a ", "a\0", "a/b", "a*", "a.b", "ab", "а", "cafe\u0301", "caf\u00e9"];

/** How much later than its deadline a subscription may end on a busy machine. */
const latenessMsMax = 2_000;

export const namespaceCases = [
  ...casesOf("namespaces", [], {
    "namespaces whose names are alike share nothing": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      const subscriptions = await Promise.all(namespaces.map((pubsub) => pubsub.subscribe("t")));
      for (const pubsub of namespaces) await pubsub.publish("t", `of ${pubsub.namespace}`);
      for (const pubsub of namespaces) await pubsub.publish("t", "end");
      for (const [index, { namespace }] of namespaces.entries()) {
        assert.deepEqual(await subscriptions[index]!.before("end"), [`of ${namespace}`]);
      }
    },

    "a name and a topic do not run into each other": async (_, subject) => {
      const base = subject.freshName();
      const parts = [
        ["", "b.c"],
        [".b", "c"],
        [".b.c", "d"],
        ["", "b.c.d"],
        [".b", "c.d"],
        [":b", "c"],
        ["", "b:c"],
      ];
      const cells = await Promise.all(
        parts.map(async ([end, topic]) => ({ pubsub: await subject.namespace({ name: base + end }), topic: topic! })),
      );
      const subscriptions = await Promise.all(cells.map(({ pubsub, topic }) => pubsub.subscribe(topic)));
      for (const [index, { pubsub, topic }] of cells.entries()) await pubsub.publish(topic, String(index));
      for (const { pubsub, topic } of cells) await pubsub.publish(topic, "end");
      for (const [index] of cells.entries()) {
        assert.deepEqual(await subscriptions[index]!.before("end"), [String(index)]);
      }
    },

    "a subscription ends when its namespace is unbound": async (_, subject) => {
      const pubsub = await subject.namespace();
      const subscription = await pubsub.subscribe("t");
      await subject.unbind(pubsub.namespace);
      assertFailure(await subscription.ended, "NAMESPACE_UNAVAILABLE");
    },

    "a subscription ends when its deadline passes, and not before": async (pubsub) => {
      const timeoutMs = 1_000;
      const startedAtMs = performance.now();
      const subscription = await pubsub.subscribe("t", { timeoutMs });
      assertFailure(await subscription.ended, "DEADLINE_EXCEEDED");
      const lastedMs = performance.now() - startedAtMs;
      assert.ok(lastedMs >= timeoutMs - 5, `it lasted ${lastedMs} of ${timeoutMs} ms`);
      assert.ok(lastedMs < timeoutMs + latenessMsMax, `it lasted ${lastedMs} of ${timeoutMs} ms`);
    },
  }),

  ...casesOf("namespaces", ["wildcards"], {
    "a pattern stays in its namespace": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      const subscriptions = await Promise.all(namespaces.map((pubsub) => pubsub.subscribe(">")));
      for (const pubsub of namespaces) await pubsub.publish("t.u", `of ${pubsub.namespace}`, "end");
      for (const [index, { namespace }] of namespaces.entries()) {
        assert.deepEqual(await subscriptions[index]!.before("end"), [`of ${namespace}`]);
      }
    },
  }),

  ...casesOf("namespaces", ["groups"], {
    "a group stays in its namespace": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      const members = await Promise.all(namespaces.map((pubsub) => pubsub.subscribe("t", { group: "g" })));
      for (const pubsub of namespaces) await pubsub.publish("t", `of ${pubsub.namespace}`, "end");
      for (const [index, { namespace }] of namespaces.entries()) {
        assert.deepEqual(await members[index]!.before("end"), [`of ${namespace}`]);
      }
    },
  }),
];

/** Namespaces with the names above, after a part that no other case uses. */
function alikeNamespaces(subject: PubSubSubject): Promise<PubSubClient[]> {
  const base = subject.freshName();
  return Promise.all(nameEnds.map((end) => subject.namespace({ name: `${base}${end}` })));
}
