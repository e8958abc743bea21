import { randomUUID } from "node:crypto";
import {
  type Backend,
  type BackendHealth,
  type Bound,
  fixedStreamCapabilities,
  keyValueCapabilities,
  type PatternBinder,
  type PluginContext,
  type PubSubOptions,
  pubSubCapabilities,
  pubSubOptions,
  type QueueOptions,
  queueCapabilities,
  queueOptions,
  relationalCapabilities,
  type StreamOptions,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import type { PostgresKeyValue } from "../key-value.js";
import { postgresPlugin } from "../plugin.js";
import type { PostgresPubSub } from "../pub-sub.js";
import type { PostgresQueue } from "../queue.js";
import type { PostgresRelational } from "../relational.js";
import type { PostgresStream } from "../stream.js";
import { silent } from "./own-connection.js";

/** The plugin's backend: its patterns are known by their classes. */
interface PostgresBackend extends Backend {
  readonly keyValue: PatternBinder<PostgresKeyValue>;
  readonly pubSub: PatternBinder<PostgresPubSub, PubSubOptions>;
  readonly queue: PatternBinder<PostgresQueue, QueueOptions>;
  readonly relational: PatternBinder<PostgresRelational>;
  readonly stream: PatternBinder<PostgresStream, StreamOptions>;
}

/** A backend under test, and what it has said of its health. */
export interface OpenBackend extends AsyncDisposable {
  readonly backend: PostgresBackend;
  readonly health: BackendHealth[];
  /** What ends with it. */
  readonly bounds: Pick<Bound<unknown>, "close">[];
}

/** Opens the plugin as its host would. */
export async function openBackend(
  settings: Record<string, unknown>,
  context: Partial<PluginContext> = {},
): Promise<OpenBackend> {
  const health: BackendHealth[] = [];
  const backend = (await postgresPlugin.open(settingsSchema.parse(settings), {
    backend: "tested",
    workingDir: "/",
    dataDir: "/",
    log: silent,
    reportHealth: (report) => health.push(report),
    ...context,
  })) as PostgresBackend;
  const bounds: OpenBackend["bounds"] = [];
  return {
    backend,
    health,
    bounds,
    async [Symbol.asyncDispose]() {
      await Promise.all(bounds.map(({ close }) => close?.()));
      await backend.close?.();
    },
  };
}

/** Binds a namespace of each pattern, a new one unless named, with everything that it may have. */
export async function bindAll({ backend, bounds }: OpenBackend, name: string = randomUUID()) {
  const bindingOf = <Options>(capabilities: readonly string[], options: Options) => ({
    namespace: name,
    capabilities: new Set(capabilities),
    options,
  });
  const [keyValue, pubSub, queue, relational, stream] = await Promise.all([
    backend.keyValue.bind(bindingOf(keyValueCapabilities, undefined)),
    backend.pubSub.bind(bindingOf(pubSubCapabilities, pubSubOptions(pubSubCapabilities).parse({}))),
    backend.queue.bind(bindingOf(queueCapabilities, queueOptions.parse({}))),
    backend.relational.bind(bindingOf(relationalCapabilities, undefined)),
    backend.stream.bind(
      bindingOf(fixedStreamCapabilities, streamOptions(fixedStreamCapabilities).parse({ partitions: 3 })),
    ),
  ]);
  bounds.push(keyValue, pubSub, queue, relational, stream);
  return {
    keyValue: keyValue.pattern,
    pubSub: pubSub.pattern,
    queue: queue.pattern,
    relational: relational.pattern,
    stream: stream.pattern,
  };
}

/** One sample of a metric of the plugin's own. */
export function sampleOf(backend: Backend, metric: string): number {
  return backend.metrics?.().find(({ name }) => name === `prism_plugin_postgres_${metric}`)?.samples[0]?.value ?? 0;
}
