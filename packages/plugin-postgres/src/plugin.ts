import {
  type Backend,
  definePlugin,
  fixedStreamCapabilities,
  keyValueCapabilities,
  pubSubCapabilities,
  pubSubOptions,
  queueCapabilities,
  queueOptions,
  relationalCapabilities,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { Chores } from "./chores.js";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { keyValues } from "./key-value-binder.js";
import { metricsOf } from "./metrics.js";
import { pubSubs } from "./pub-sub-binder.js";
import { queues } from "./queue-binder.js";
import { relationals } from "./relational-binder.js";
import { serverAccess } from "./server-access.js";
import { streams } from "./stream-binder.js";

/** The largest payload: what the patterns allow at most. */
const payloadBytesMax = 3_145_728;

/** What each pattern may do, and how its namespaces are configured. */
const patterns = {
  "key-value": { capabilities: keyValueCapabilities },
  "pub-sub": {
    capabilities: pubSubCapabilities,
    limits: { payloadBytesMax },
    options: pubSubOptions(pubSubCapabilities),
  },
  queue: { capabilities: queueCapabilities, limits: { payloadBytesMax }, options: queueOptions },
  relational: { capabilities: relationalCapabilities },
  stream: {
    capabilities: fixedStreamCapabilities,
    limits: { payloadBytesMax },
    options: streamOptions(fixedStreamCapabilities),
    countsStorage: true,
  },
} as const;

/** Data in PostgreSQL. What a write survives is what that server is set to survive. */
export const postgresPlugin = definePlugin({
  name: "postgres",
  version: "0.1.0",
  durability: "backend",
  replicable: true,
  settings: settingsSchema,
  patterns,
  async open(settings, context) {
    const { log, reportHealth } = context;
    const access = serverAccess(settings, context);
    const connection = new Connection({ access, poolSize: settings.pool_size, log, reportHealth });
    const [keyValue, pubSub] = [keyValues(connection), pubSubs(connection)];
    const [queue, stream] = [queues(connection), streams(connection)];
    const relational = relationals(connection, settings.pool_size);
    const chores = new Chores(
      [keyValue, pubSub, queue, relational, stream].flatMap((pattern) => pattern.chores),
      { connection, log },
    );
    // Waiting saves the first calls from an error. A server that is not there is no failure: the connection goes on trying.
    await connection.firstOutcome;
    return {
      keyValue: keyValue.binder,
      pubSub: pubSub.binder,
      queue: queue.binder,
      relational: relational.binder,
      stream: stream.binder,
      metrics: () => metricsOf(connection),
      async close() {
        chores.close();
        await connection.close();
      },
    } satisfies Backend<typeof patterns>;
  },
});
