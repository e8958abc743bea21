import { type PatternBinder, partitionsFixedError, type StreamOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { topicOf } from "./names.js";
import { KafkaStream } from "./stream.js";
import { topicBinder } from "./topic-binder.js";
import type { Topics } from "./topics.js";

/** Namespaces of the stream pattern: one topic each. */
export function streamBinder(
  settings: Settings,
  connection: Connection,
  topics: Topics,
): PatternBinder<KafkaStream, StreamOptions> {
  const sessionTimeoutMs = settings.session_timeout;
  return topicBinder<KafkaStream, StreamOptions>({
    topics,
    topicOf: (namespace) => topicOf(settings.topic_prefix, namespace),
    logOf: (options) => options,
    mayGrow: ({ growable }) => growable ?? false,
    partitionsUnlike: ({ namespace, options }, partitions) =>
      partitionsFixedError({ namespace, partitions, asked: options.partitions, canGrow: true }),
    open: (topic, { partitions }) => new KafkaStream({ connection, topic, partitions, sessionTimeoutMs }),
  });
}
