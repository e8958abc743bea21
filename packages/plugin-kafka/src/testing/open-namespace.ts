import { randomUUID } from "node:crypto";
import type { Backend, Binding, CallContext, Message, StreamOptions } from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import { kafkaPlugin } from "../plugin.js";
import type { KafkaStream } from "../stream.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A namespace of its own on an open backend. */
export interface OpenStream extends AsyncDisposable {
  readonly stream: KafkaStream;
  readonly topic: string;
  /** What the binding said that it made. */
  readonly changes: readonly string[];
}

/** Opens the plugin as its host would, and binds a new namespace with so many partitions. */
export async function openStream(settings: Record<string, unknown>, partitions: number): Promise<OpenStream> {
  const backend = await kafkaPlugin.open(settingsSchema.parse(settings), {
    ...{ backend: "tested", workingDir: "/", dataDir: "/", log: silent },
    reportHealth() {},
  });
  const namespace = randomUUID();
  const options = { partitions, compaction: false };
  const binding = { namespace, capabilities: new Set(["groups"]), options };
  const bound = await bindOrClose(backend, binding);
  return {
    stream: bound.pattern as KafkaStream,
    topic: `prism.${namespace}`,
    changes: bound.changes ?? [],
    async [Symbol.asyncDispose]() {
      await bound.close?.();
      await backend.close?.();
    },
  };
}

async function bindOrClose(backend: Backend, binding: Binding<StreamOptions>) {
  try {
    return await backend.stream!.bind(binding);
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
