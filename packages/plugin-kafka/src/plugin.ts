import {
  type Backend,
  definePlugin,
  type PubSubCapability,
  pubSubOptions,
  type StreamCapability,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { metricsOf } from "./metrics.js";
import { pubSubBinder } from "./pub-sub-binder.js";
import { streamBinder } from "./stream-binder.js";
import { Topics } from "./topics.js";

/**
 * Not compaction: Kafka leaves the newest segment as it is, and begins another one only when records come, so older records of a key
 * may stay for good.
 */
const logCapabilities = [
  "partitions",
  "growth",
  "groups",
  "retention",
  "replay_by_time",
] as const satisfies StreamCapability[];

/** Not delay: brokers deliver in the order of the log, and a delay that the plugin keeps would end with its process. */
const subscriberCapabilities = [
  "wildcards",
  "groups",
  "acknowledgement",
  "ordering",
  "dead_letter",
  "durable",
] as const satisfies PubSubCapability[];

/** The largest payload: what the patterns allow at most. */
const payloadBytesMax = 3_145_728;

const patterns = {
  "pub-sub": {
    capabilities: subscriberCapabilities,
    limits: { payloadBytesMax },
    options: pubSubOptions(subscriberCapabilities),
  },
  stream: { capabilities: logCapabilities, limits: { payloadBytesMax }, options: streamOptions(logCapabilities) },
} as const;

/** Logs in Kafka. What a record survives is what the topic's replicas survive. */
export const kafkaPlugin = definePlugin({
  name: "kafka",
  version: "0.1.0",
  durability: "backend",
  settings: settingsSchema,
  patterns,
  async open(settings, context) {
    const connection = new Connection(settings, context);
    // Waiting saves the first calls from an error. Brokers that are not there are no failure: the connection goes on trying.
    await connection.firstOutcome;
    const topics = new Topics(connection, settings);
    return {
      pubSub: pubSubBinder(settings, connection, topics),
      stream: streamBinder(settings, connection, topics),
      metrics: () => metricsOf(connection),
      close: () => connection.close(),
    } satisfies Backend<typeof patterns>;
  },
});
