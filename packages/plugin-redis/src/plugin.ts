import {
  type Backend,
  definePlugin,
  keyValueCapabilities,
  type PluginContext,
  pubSubCapabilities,
  pubSubOptions,
  queueCapabilities,
  queueOptions,
  readTlsFiles,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { ChangeFeed } from "./change-feed.js";
import { endpointOf, type Settings, settingsSchema } from "./config.js";
import { Connection, type ConnectionOptions } from "./connection.js";
import { keyValueBinder } from "./key-value-binder.js";
import { metricsOf } from "./metrics.js";
import { pubSubBinder } from "./pub-sub-binder.js";
import { queueBinder } from "./queue-binder.js";
import { logCapabilities, streamBinder } from "./stream-binder.js";

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
  stream: { capabilities: logCapabilities, limits: { payloadBytesMax }, options: streamOptions(logCapabilities) },
} as const;

/** Data in a standalone Redis. What a write survives is what that Redis is configured to survive. */
export const redisPlugin = definePlugin({
  name: "redis",
  version: "0.1.0",
  durability: "backend",
  replicable: true,
  settings: settingsSchema,
  patterns,
  async open(settings, context) {
    const connection = new Connection(connectionOptions(settings, context));
    const newFeed = () => new ChangeFeed({ open: () => connection.openSubscriber(), address: connection.address });
    // Several, because watches end, and members of groups are gone, when their connection is lost, as by too much news.
    const feeds = { feed: newFeed(), news: newFeed(), presence: newFeed() };
    const opened = { settings, context, connection, ...feeds };
    // Waiting saves the first calls from an error. A server that is not there is no failure: the connection goes on trying.
    await connection.firstOutcome;
    return {
      keyValue: keyValueBinder(opened),
      pubSub: pubSubBinder(opened),
      queue: queueBinder(opened),
      stream: streamBinder(opened),
      metrics: () => metricsOf(connection),
      close() {
        for (const open of Object.values(feeds)) open.close();
        connection.close();
      },
    } satisfies Backend<typeof patterns>;
  },
});

function connectionOptions(
  settings: Settings,
  { backend, workingDir, log, reportHealth }: PluginContext,
): ConnectionOptions {
  const endpoint = endpointOf(settings.url);
  return {
    endpoint,
    username: settings.username,
    password: settings.password,
    tls: endpoint.encrypted ? tlsOptions(settings.tls, workingDir) : undefined,
    connectTimeoutMs: settings.connect_timeout,
    silenceTimeoutMs: settings.command_timeout,
    // Redis takes no spaces and no control characters in a connection's name.
    name: `prism-${backend.replace(/[^!-~]/g, "_")}`,
    log,
    reportHealth,
  };
}

function tlsOptions(tls: Settings["tls"] = {}, workingDir: string): ConnectionOptions["tls"] {
  const files = readTlsFiles(tls, { workingDir, system: "Redis" });
  return { ...files, ...(tls.server_name === undefined ? {} : { servername: tls.server_name }) };
}
