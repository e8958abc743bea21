import { randomUUID } from "node:crypto";
import type {
  Backend,
  BackendHealth,
  CallContext,
  KeyValue,
  Message,
  PubSub,
  PubSubOptions,
  Queue,
  QueueOptions,
  Stream,
  StreamOptions,
} from "@prism-data/pattern-sdk";
import { pubSubCapabilities, queueOptions } from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import { natsPlugin } from "../plugin.js";
import { coreNatsCapabilities } from "../pub-sub-binder.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A backend under test, and what it has said of its health. */
export interface OpenBackend extends AsyncDisposable {
  readonly backend: Backend;
  readonly health: BackendHealth[];
  /** Binds a log, a new one unless named. */
  stream(options?: { name?: string; partitions?: number } & Partial<StreamOptions>): Promise<Stream>;
  /** Binds a namespace of keys, a new one unless named. */
  keyValue(name?: string): Promise<KeyValue>;
  /** Binds a namespace for pub-sub on JetStream, a new one unless named, or on core NATS. */
  pubSub(options?: { name?: string; onCoreNats?: boolean } & Partial<PubSubOptions>): Promise<PubSub>;
  /** Binds a queue with every capability, a new one unless named. */
  queue(options?: { name?: string } & Partial<QueueOptions>): Promise<Queue>;
  /** Ends the connection without a word, as a process that dies. */
  die(): Promise<void>;
}

/** Opens the plugin as its host would. */
export async function openBackend(settings: Record<string, unknown>): Promise<OpenBackend> {
  const health: BackendHealth[] = [];
  const closing: (() => unknown)[] = [];
  const backend: Backend = await natsPlugin.open(settingsSchema.parse(settings), {
    backend: "tested",
    workingDir: "/",
    dataDir: "/",
    log: silent,
    reportHealth: (report) => health.push(report),
  });
  let isDead = false;
  return {
    backend,
    health,
    async stream({ name = randomUUID(), partitions = 1, ...options } = {}) {
      const binding = {
        namespace: name,
        capabilities: new Set<string>(),
        options: { partitions, compaction: false, ...options },
      };
      const bound = await backend.stream!.bind(binding);
      closing.push(() => bound.close?.());
      return bound.pattern;
    },
    async queue({ name = randomUUID(), ...options } = {}) {
      const capabilities = new Set(["delay", "deduplication", "dead_letter"]);
      const written = { ...queueOptions.parse({}), ...options };
      const bound = await backend.queue!.bind({ namespace: name, capabilities, options: written });
      closing.push(() => bound.close?.());
      return bound.pattern;
    },
    async keyValue(name = randomUUID()) {
      const bound = await backend.keyValue!.bind({ namespace: name, capabilities: new Set(), options: undefined });
      closing.push(() => bound.close?.());
      return bound.pattern;
    },
    async pubSub({ name = randomUUID(), onCoreNats = false, retentionMs = 3_600_000, maxDeliveries } = {}) {
      const capabilities = new Set<string>(onCoreNats ? coreNatsCapabilities : pubSubCapabilities);
      const binding = { namespace: name, capabilities, options: { retentionMs, maxDeliveries } };
      const bound = await backend.pubSub!.bind(binding);
      closing.push(() => bound.close?.());
      return bound.pattern;
    },
    async die() {
      isDead = true;
      await backend.close?.();
    },
    async [Symbol.asyncDispose]() {
      if (isDead) return;
      for (const close of closing) await close();
      await backend.close?.();
    },
  };
}

/** The context of a call that ends with `signal`. */
export function callWith(signal: AbortSignal = new AbortController().signal): CallContext {
  return { namespace: "", deadlineMs: undefined, signal, principal: undefined, requestId: undefined };
}

export function messageWith(id: string, fields: Partial<Message> = {}): Message {
  return { id, key: id, headers: [], contentType: "", payload: Buffer.from(id), ...fields };
}
