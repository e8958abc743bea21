import { type Binding, GatewayError, type PatternBinder, type StreamOptions } from "@prism-data/pattern-sdk";
import { translated } from "./errors.js";
import { groupPrefixOf } from "./names.js";
import type { Topics } from "./topics.js";

/** How the namespaces of a pattern are made of topics. */
export interface TopicBinderOptions<Pattern, Options> {
  readonly topics: Topics;
  /** The topic of a namespace. */
  topicOf(namespace: string): string;
  /** What the topic is to be like. */
  logOf(options: Options): StreamOptions;
  /** Refuses what the brokers do not keep. */
  check?(binding: Binding<Options>): Promise<void>;
  /** Refuses a topic that has another number of partitions than its `logOf` says. */
  partitionsUnlike(binding: Binding<Options>, partitions: number): GatewayError;
  open(topic: string, options: Options): Pattern;
}

/** Namespaces of one topic each. */
export function topicBinder<Pattern extends { close(): Promise<void> }, Options>(
  pattern: TopicBinderOptions<Pattern, Options>,
): PatternBinder<Pattern, Options> {
  const { topics, topicOf, logOf } = pattern;

  /** How many partitions the topic has, if it is there. */
  const partitionsOf = async (binding: Binding<Options>): Promise<number | undefined> => {
    const partitions = await topics.partitions(topicOf(binding.namespace));
    if (partitions === undefined || partitions === logOf(binding.options).partitions) return partitions;
    throw pattern.partitionsUnlike(binding, partitions);
  };

  return {
    bind: (binding) =>
      told("the binding", async () => {
        const { namespace, options } = binding;
        const topic = topicOf(namespace);
        await pattern.check?.(binding);
        const known = await partitionsOf(binding);
        const log = logOf(options);
        const changes = known === undefined ? await topics.make(topic, log) : await topics.configure(topic, log);
        const opened = pattern.open(topic, options);
        return { pattern: opened, changes, close: () => opened.close() };
      }),
    plan: (binding) =>
      told("the look-up of the topic", async () => {
        const topic = topicOf(binding.namespace);
        await pattern.check?.(binding);
        const known = await partitionsOf(binding);
        return known === undefined ? [`would make the topic ${topic}`] : topics.plan(topic, logOf(binding.options));
      }),
    deleteData: (namespace) =>
      told("the removal", async () => {
        const topic = topicOf(namespace);
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
