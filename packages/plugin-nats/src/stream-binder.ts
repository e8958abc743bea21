import { type Binding, type PatternBinder, partitionsFixedError, type StreamOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { JetStream, type KeptConfig } from "./jet-stream.js";
import { agedAfter, keptDurability, keptStream } from "./kept-stream.js";
import { Names } from "./names.js";
import { checkPayload } from "./payload-limit.js";
import { NatsStream } from "./stream.js";
import { toldDifferences } from "./stream-difference.js";
import { groupsPart } from "./stream-places.js";

/** Where the number of partitions is kept: with the first of them, which is made last. */
const partitionsKey = "prism-partitions";

/** A stream that holds less may not even have the newest record. */
const bytesMaxMin = 4 * 2 ** 20;

/** Namespaces of the stream pattern: a stream of JetStream for each partition, and one for what its groups know. */
export function streamBinder(
  connection: Connection,
  { subject_prefix: prefix, replicas }: Settings,
): PatternBinder<NatsStream, StreamOptions> {
  const jetStream = new JetStream(connection);
  const namesOf = (namespace: string) => new Names({ prefix, kind: "stream", namespace });

  /** Throws when the log is there with another number of partitions. */
  const checkPartitions = async ({ namespace, options }: Binding<StreamOptions>): Promise<void> => {
    jetStream.checkVersion();
    const first = await jetStream.find(namesOf(namespace).stream(0));
    const partitions = first && Number(first.config.metadata?.[partitionsKey]);
    if (partitions === undefined || partitions === options.partitions) return;
    throw partitionsFixedError({ namespace, partitions, asked: options.partitions });
  };

  /** The first partition, and all streams that are made before it. */
  const configsOf = (binding: Binding<StreamOptions>) => {
    const { namespace, options } = binding;
    const names = namesOf(namespace);
    const partitions = [...Array(options.partitions).keys()];
    const [first, ...others] = partitions.map((partition) => partitionConfig(names, partition, binding, replicas));
    return { first: first!, others: [groupsConfig(names, namespace, replicas), ...others] };
  };

  return {
    async bind(binding) {
      const { namespace, options } = binding;
      checkPayload(connection);
      await checkPartitions(binding);
      const { first, others } = configsOf(binding);
      const differences = await Promise.all(others.map((config) => jetStream.make(config)));
      differences.unshift(await jetStream.make(first));
      const names = namesOf(namespace);
      const pattern = new NatsStream(connection, names, options.partitions);
      const changes = toldDifferences(differences, { done: true });
      const storageBytes = () => jetStream.bytesOf(names.all);
      return { pattern, changes, durability: () => keptDurability, storageBytes, close: () => pattern.close() };
    },
    async plan(binding) {
      await checkPartitions(binding);
      const { first, others } = configsOf(binding);
      const differences = await Promise.all([first, ...others].map((config) => jetStream.compare(config)));
      return toldDifferences(differences, { done: false });
    },
    async deleteData(namespace) {
      const names = await jetStream.namesOf(namesOf(namespace).all);
      await Promise.all(names.map((name) => jetStream.remove(name)));
      return names.map((name) => `removed the stream ${name}`);
    },
  };
}

function partitionConfig(
  names: Names,
  partition: number,
  { namespace, options }: Binding<StreamOptions>,
  replicas: number,
): KeptConfig {
  const { partitions, retentionMs, retentionBytes } = options;
  const kept = keptStream({ names, namespace, part: partition, replicas });
  return {
    ...kept,
    ...agedAfter(retentionMs),
    max_bytes: retentionBytes === undefined ? -1 : Math.max(retentionBytes, bytesMaxMin),
    metadata: { ...kept.metadata, ...(partition === 0 && { [partitionsKey]: String(partitions) }) },
  };
}

function groupsConfig(names: Names, namespace: string, replicas: number): KeptConfig {
  return {
    ...keptStream({ names, namespace, part: groupsPart, replicas }),
    subjects: [names.subject(groupsPart, ">")],
    republish: {
      src: names.subject(groupsPart, "*", "roster"),
      dest: names.bell(groupsPart, "{{wildcard(1)}}", "roster"),
      headers_only: true,
    },
    ...{ max_msgs_per_subject: 1, allow_msg_ttl: true },
  };
}
