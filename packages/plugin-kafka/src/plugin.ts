import { type Backend, definePlugin, type StreamCapability, streamOptions } from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { metricsOf } from "./metrics.js";
import { streamBinder } from "./stream-binder.js";

/**
 * Not compaction: Kafka leaves the newest segment as it is, and begins another one only when records come, so older records of a key
 * may stay for good.
 */
const capabilities = ["partitions", "groups", "retention", "replay_by_time"] as const satisfies StreamCapability[];

/** The largest payload: what the pattern allows at most. */
const payloadBytesMax = 3_145_728;

const patterns = {
  stream: { capabilities, limits: { payloadBytesMax }, options: streamOptions(capabilities) },
} as const;

/** Streams in Kafka. What an append survives is what the topic's replicas survive. */
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
    return {
      stream: streamBinder(settings, connection),
      metrics: () => metricsOf(connection),
      close: () => connection.close(),
    } satisfies Backend<typeof patterns>;
  },
});
