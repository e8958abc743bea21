import {
  type Backend,
  definePlugin,
  type KeyValueCapability,
  pubSubCapabilities,
  pubSubOptions,
  type QueueCapability,
  queueOptions,
  type StreamCapability,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { keyValueBinder } from "./key-value-binder.js";
import { metricsOf } from "./metrics.js";
import { payloadBytesMax } from "./payload-limit.js";
import { pubSubBinder } from "./pub-sub-binder.js";
import { queueBinder } from "./queue-binder.js";
import { streamBinder } from "./stream-binder.js";

/** Not compaction: a stream that keeps one message of each key needs a subject, and memory of the server, for every key. */
const streamCapabilities = [
  "partitions",
  "groups",
  "retention",
  "replay_by_time",
] as const satisfies StreamCapability[];

const queueCapabilities = ["delay", "deduplication", "dead_letter"] as const satisfies QueueCapability[];

/** Not scan, count and watch: JetStream lists subjects in no order, and tells nobody when a message's time to live is over. */
const keyValueCapabilities = ["ttl", "conditional", "batch", "counter"] as const satisfies KeyValueCapability[];

const patterns = {
  "key-value": {
    capabilities: keyValueCapabilities,
    limits: { valueBytesMax: payloadBytesMax },
    countsStorage: true,
  },
  "pub-sub": {
    capabilities: pubSubCapabilities,
    limits: { payloadBytesMax },
    options: pubSubOptions(pubSubCapabilities),
  },
  stream: {
    capabilities: streamCapabilities,
    limits: { payloadBytesMax },
    options: streamOptions(streamCapabilities),
    countsStorage: true,
  },
  queue: {
    capabilities: queueCapabilities,
    limits: { payloadBytesMax },
    options: queueOptions,
    countsStorage: true,
  },
} as const;

/** Pub-sub that is to last, streams, queues and key-value on JetStream, which keeps what it acknowledges; other pub-sub on core NATS, which keeps nothing. */
export const natsPlugin = definePlugin({
  name: "nats",
  version: "0.1.0",
  durability: "backend",
  settings: settingsSchema,
  patterns,
  async open(settings, { backend, log, reportHealth }) {
    const connection = new Connection({
      url: settings.url,
      username: settings.username,
      password: settings.password,
      token: settings.token,
      connectTimeoutMs: settings.connect_timeout,
      silenceTimeoutMs: settings.command_timeout,
      name: `prism-${backend}`,
      log,
      reportHealth,
    });
    // Waiting saves the first calls from an error. A server that is not there is no failure: the connection goes on trying.
    await connection.firstOutcome;
    return {
      keyValue: keyValueBinder(connection, settings),
      pubSub: pubSubBinder(connection, settings),
      stream: streamBinder(connection, settings),
      queue: queueBinder(connection, settings),
      metrics: () => metricsOf(connection),
      close: () => connection.close(),
    } satisfies Backend<typeof patterns>;
  },
});
