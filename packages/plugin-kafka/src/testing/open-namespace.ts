import { randomUUID } from "node:crypto";
import type { Backend, Bound, CallContext, Message, PubSubOptions, StreamOptions } from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import { kafkaPlugin } from "../plugin.js";
import type { KafkaPubSub } from "../pub-sub.js";
import type { KafkaStream } from "../stream.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A namespace of its own on an open backend. */
interface OpenNamespace extends AsyncDisposable {
  readonly backend: Backend;
  readonly namespace: string;
  readonly topic: string;
  /** What the binding said that it made. */
  readonly changes: readonly string[];
}

export interface OpenStream extends OpenNamespace {
  readonly stream: KafkaStream;
}

export interface OpenPubSub extends OpenNamespace {
  readonly pubSub: KafkaPubSub;
}

/** Opens the plugin as its host would, and binds a new namespace with so many partitions. */
export async function openStream(settings: Record<string, unknown>, partitions: number): Promise<OpenStream> {
  const options: StreamOptions = { partitions, compaction: false };
  const { pattern, ...opened } = await openNamespace(settings, (backend, namespace) =>
    backend.stream!.bind({ namespace, capabilities: new Set(["groups"]), options }),
  );
  return { ...opened, stream: pattern as KafkaStream, topic: `prism.${opened.namespace}` };
}

/** The same for pub-sub, and for a namespace that is there if it is said. */
export async function openPubSub(settings: Record<string, unknown>, namespace?: string): Promise<OpenPubSub> {
  const options: PubSubOptions = { retentionMs: 3_600_000 };
  const bind = (backend: Backend, name: string) =>
    backend.pubSub!.bind({ namespace: name, capabilities: new Set(["groups"]), options });
  const { pattern, ...opened } = await openNamespace(settings, bind, namespace);
  return { ...opened, pubSub: pattern as KafkaPubSub, topic: `prism.${opened.namespace}.pubsub` };
}

/** Opens the plugin as its host would. */
export function openBackend(settings: Record<string, unknown>) {
  return kafkaPlugin.open(settingsSchema.parse(settings), {
    ...{ backend: "tested", workingDir: "/", dataDir: "/", log: silent },
    reportHealth() {},
  });
}

async function openNamespace<Pattern>(
  settings: Record<string, unknown>,
  bind: (backend: Backend, namespace: string) => Bound<Pattern> | PromiseLike<Bound<Pattern>>,
  namespace: string = randomUUID(),
) {
  const backend: Backend = await openBackend(settings);
  try {
    const bound = await bind(backend, namespace);
    return {
      ...{ backend, namespace, pattern: bound.pattern, changes: bound.changes ?? [] },
      async [Symbol.asyncDispose]() {
        await bound.close?.();
        await backend.close?.();
      },
    };
  } catch (error) {
    await backend.close?.();
    throw error;
  }
}

/** The context of a call that ends with `signal`. */
export function callWith(signal: AbortSignal = new AbortController().signal): CallContext {
  return { namespace: "", deadlineMs: undefined, signal, principal: undefined, requestId: undefined };
}

/** A message whose id and payload are `text`. */
export function messageOf(text: string, key = ""): Message {
  return { id: text, key, headers: [], contentType: "", payload: Buffer.from(text) };
}
