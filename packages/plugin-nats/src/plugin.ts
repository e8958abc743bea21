import {
  type Backend,
  definePlugin,
  type PatternBinder,
  type PubSubCapability,
  type PubSubOptions,
  pubSubOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { payloadTooSmall } from "./errors.js";
import { metricsOf } from "./metrics.js";
import { NatsPubSub } from "./pub-sub.js";
import { Subjects } from "./subjects.js";

const kib = 1_024;

/** NATS takes messages of 1 MiB unless it is told otherwise, and headers count: these may take 64 KiB. */
const messageBytesMax = 1_024 * kib;
const payloadBytesMax = messageBytesMax - 64 * kib;

const pubSubCapabilities = ["wildcards", "groups"] as const satisfies PubSubCapability[];

const patterns = {
  "pub-sub": {
    capabilities: pubSubCapabilities,
    limits: { payloadBytesMax },
    options: pubSubOptions(pubSubCapabilities),
  },
} as const;

/** Pub-sub on core NATS: fast, at most once, and nothing is kept. */
export const natsPlugin = definePlugin({
  name: "nats",
  version: "0.1.0",
  durability: "ephemeral",
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
      pubSub: pubSubBinder(connection, settings.subject_prefix),
      metrics: () => metricsOf(connection),
      close: () => connection.close(),
    } satisfies Backend<typeof patterns>;
  },
});

/** Topics need no making, and core NATS keeps nothing that could be removed. */
function pubSubBinder(connection: Connection, prefix: string): PatternBinder<NatsPubSub, PubSubOptions> {
  return {
    bind({ namespace }) {
      const { info } = connection.live;
      const maxPayloadBytes = info?.max_payload ?? messageBytesMax;
      if (maxPayloadBytes < messageBytesMax)
        throw payloadTooSmall(connection.address, maxPayloadBytes, messageBytesMax);
      return { pattern: new NatsPubSub(connection, new Subjects(prefix, namespace)) };
    },
    deleteData: () => [],
  };
}
