import type { PatternBinder, PubSubOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { groupsForgotten, topicUnlike } from "./errors.js";
import { pubSubTopicOf } from "./names.js";
import { KafkaPubSub } from "./pub-sub.js";
import { topicBinder } from "./topic-binder.js";
import type { Topics } from "./topics.js";

/** Namespaces of pub-sub: one topic each, with one partition, in which what one publisher says stays in order. */
export function pubSubBinder(
  settings: Settings,
  connection: Connection,
  topics: Topics,
): PatternBinder<KafkaPubSub, PubSubOptions> {
  const sessionTimeoutMs = settings.session_timeout;
  return topicBinder<KafkaPubSub, PubSubOptions>({
    topics,
    topicOf: (namespace) => pubSubTopicOf(settings.topic_prefix, namespace),
    logOf: ({ retentionMs }) => ({ partitions: 1, retentionMs, compaction: false }),
    async check({ namespace, options: { retentionMs } }) {
      const keptMs = await topics.groupsKeptMs();
      if (keptMs < retentionMs) throw groupsForgotten(namespace, { wantedMs: retentionMs, keptMs });
    },
    partitionsUnlike: ({ namespace }, partitions) =>
      topicUnlike(
        pubSubTopicOf(settings.topic_prefix, namespace),
        `has ${partitions} partitions, which keep no common order`,
      ),
    open: (topic, options) => new KafkaPubSub({ ...options, connection, topic, sessionTimeoutMs }),
  });
}
