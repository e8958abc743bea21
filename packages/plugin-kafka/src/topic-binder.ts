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
  /** Whether a topic with fewer partitions gets more. */
  mayGrow?(options: Options): boolean;
  /** Refuses a topic that has another number of partitions than its `logOf` says. */
  partitionsUnlike(binding: Binding<Options>, partitions: number): GatewayError;
  open(topic: string, options: Options): Pattern;
}

/** Namespaces of one topic each. */
export function topicBinder<Pattern extends { close(): Promise<void> }, Options>(
  pattern: TopicBinderOptions<Pattern, Options>,
): PatternBinder<Pattern, Options> {
  const { topics, topicOf, logOf } = pattern;

  /** How many partitions the topic has, if it is there: as many as it is to have, or fewer where it may grow. */
  const partitionsOf = async (binding: Binding<Options>): Promise<number | undefined> => {
    const partitions = await topics.partitions(topicOf(binding.namespace));
    const wanted = logOf(binding.options).partitions;
    if (partitions === undefined || partitions === wanted) return partitions;
    if (partitions < wanted && pattern.mayGrow?.(binding.options)) return partitions;
    throw pattern.partitionsUnlike(binding, partitions);
  };

  /** Makes of the topic what it is to be; says what was done. */
  const make = async (topic: string, known: number | undefined, log: StreamOptions): Promise<string[]> => {
    if (known === undefined) return await topics.make(topic, log);
    const grown = known < log.partitions ? await topics.grow(topic, { from: known, to: log.partitions }) : [];
    return [...grown, ...(await topics.configure(topic, log))];
  };

  /** Says what that would do. */
  const plan = async (topic: string, known: number | undefined, log: StreamOptions): Promise<string[]> => {
    if (known === undefined) return [`would make the topic ${topic}`];
    const added = `would add partitions to the topic ${topic}: it has ${known} and would have ${log.partitions}`;
    return [...(known < log.partitions ? [added] : []), ...(await topics.plan(topic, log))];
  };

  return {
    bind: (binding) =>
      told("the binding", async () => {
        const { namespace, options } = binding;
        const topic = topicOf(namespace);
        await pattern.check?.(binding);
        const known = await partitionsOf(binding);
        const changes = await make(topic, known, logOf(options));
        const opened = pattern.open(topic, options);
        return { pattern: opened, changes, close: () => opened.close() };
      }),
    plan: (binding) =>
      told("the look-up of the topic", async () => {
        await pattern.check?.(binding);
        return await plan(topicOf(binding.namespace), await partitionsOf(binding), logOf(binding.options));
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
