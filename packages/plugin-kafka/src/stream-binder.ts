import {
  type Binding,
  GatewayError,
  type PatternBinder,
  partitionsFixedError,
  type StreamOptions,
} from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { translated } from "./errors.js";
import { groupPrefixOf, topicOf } from "./names.js";
import { KafkaStream } from "./stream.js";
import { Topics } from "./topics.js";

/** Namespaces of the stream pattern: one topic each. */
export function streamBinder(settings: Settings, connection: Connection): PatternBinder<KafkaStream, StreamOptions> {
  const topics = new Topics(connection, settings);
  const nameOf = (namespace: string) => topicOf(settings.topic_prefix, namespace);
  const sessionTimeoutMs = settings.session_timeout;

  /** How many partitions the topic has, if it is there. */
  const partitionsOf = async ({ namespace, options }: Binding<StreamOptions>): Promise<number | undefined> => {
    const partitions = await topics.partitions(nameOf(namespace));
    if (partitions === undefined || partitions === options.partitions) return partitions;
    throw partitionsFixedError({ namespace, partitions, asked: options.partitions });
  };

  return {
    bind: (binding) =>
      told("the binding", async () => {
        const { options } = binding;
        const topic = nameOf(binding.namespace);
        const known = await partitionsOf(binding);
        const changes =
          known === undefined ? await topics.make(topic, options) : await topics.configure(topic, options);
        const pattern = new KafkaStream({ connection, topic, partitions: options.partitions, sessionTimeoutMs });
        return { pattern, changes, close: () => pattern.close() };
      }),
    plan: (binding) =>
      told("the look-up of the topic", async () => {
        if ((await partitionsOf(binding)) !== undefined) return [];
        return [`would make the topic ${nameOf(binding.namespace)}`];
      }),
    deleteData: (namespace) =>
      told("the removal", async () => {
        const topic = nameOf(namespace);
        return (await topics.remove(topic, groupPrefixOf(topic))) ? [`removed the topic ${topic}`] : [];
      }),
  };
}

async function told<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof GatewayError ? error : translated(what, error);
  }
}
