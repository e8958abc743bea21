import type { Drift } from "@prism-data/pattern-sdk/conformance";
import kafkajs from "kafkajs";
import { vi } from "vitest";
import { pubSubTopicOf, topicOf } from "../names.js";

/** Brokers tell each other of a change of topics in a moment, or take a little longer when they are busy. */
const toldWithin = { timeout: 20_000, interval: 20 };

/** What an operator may do with Kafka's own tools to the topics of namespaces, by pattern. */
export async function driftsOf(brokers: string[]) {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const prefix = "prism";
  const hourMs = "3600000";

  const shortened = (topicOfNamespace: (namespace: string) => string): Drift => ({
    does: "changes the retention of the topic",
    async make(namespace) {
      const topic = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topicOfNamespace(namespace) };
      const configEntries = [{ name: "retention.ms", value: hourMs }];
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...topic, configEntries }] });
      await vi.waitFor(async () => {
        const asked = { ...topic, configNames: ["retention.ms"] };
        const { resources } = await admin.describeConfigs({ resources: [asked], includeSynonyms: false });
        if (resources[0]?.configEntries[0]?.configValue !== hourMs) throw new Error(`${topic.name} is as it was`);
      }, toldWithin);
    },
    told: new RegExp(`retention\\.ms ${hourMs} -> `),
  });
  const removed = (topicOfNamespace: (namespace: string) => string): Drift => ({
    does: "removes the topic",
    async make(namespace) {
      const topic = topicOfNamespace(namespace);
      await admin.deleteTopics({ topics: [topic] });
      await vi.waitFor(async () => {
        if ((await admin.listTopics()).includes(topic)) throw new Error(`${topic} is still there`);
      }, toldWithin);
    },
    told: /(made|make) the topic /,
  });
  const grown = (
    topicOfNamespace: (namespace: string) => string,
    refusal: Pick<Drift, "told" | "refusedAs">,
  ): Drift => ({
    does: "adds a partition to the topic",
    async make(namespace) {
      const topic = topicOfNamespace(namespace);
      await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
      await vi.waitFor(async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        if (topics[0]?.partitions.length !== 2) throw new Error(`${topic} has one partition still`);
      }, toldWithin);
    },
    ...refusal,
  });

  const ofStream = (namespace: string) => topicOf(prefix, namespace);
  const ofPubSub = (namespace: string) => pubSubTopicOf(prefix, namespace);
  return {
    close: () => admin.disconnect(),
    drifts: {
      stream: [
        shortened(ofStream),
        removed(ofStream),
        grown(ofStream, { told: /was made with 2/, refusedAs: "INVALID_SETTINGS" }),
      ],
      "pub-sub": [
        shortened(ofPubSub),
        removed(ofPubSub),
        grown(ofPubSub, { told: /has 2 partitions/, refusedAs: "INVALID_SETTINGS" }),
      ],
    },
  };
}
