import { type Binding, type PatternBinder, partitionsFixedError, type StreamOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { JetStream, type KeptConfig } from "./jet-stream.js";
import { agedAfter, keptDurability, keptStream } from "./kept-stream.js";
import { Names } from "./names.js";
import { checkPayload } from "./payload-limit.js";
import { NatsStream } from "./stream.js";
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

  /** How many partitions the log has, if it is there. */
  const partitionsOf = async ({ namespace, options }: Binding<StreamOptions>): Promise<number | undefined> => {
    jetStream.checkVersion();
    const first = await jetStream.find(namesOf(namespace).stream(0));
    if (first === undefined) return undefined;
    const partitions = Number(first.config.metadata?.[partitionsKey]);
    if (partitions === options.partitions) return partitions;
    throw partitionsFixedError({ namespace, partitions, asked: options.partitions });
  };

  return {
    async bind(binding) {
      const { namespace, options } = binding;
      checkPayload(connection);
      const known = await partitionsOf(binding);
      const names = namesOf(namespace);
      await jetStream.make(groupsConfig(names, namespace, replicas));
      const others = [...Array(options.partitions).keys()].slice(1);
      await Promise.all(
        others.map((partition) => jetStream.make(partitionConfig(names, partition, binding, replicas))),
      );
      await jetStream.make(partitionConfig(names, 0, binding, replicas));
      const pattern = new NatsStream(connection, names, options.partitions);
      const changes = known === undefined ? [`made the streams ${names.stream("*")}`] : [];
      const storageBytes = () => jetStream.bytesOf(names.all);
      return { pattern, changes, durability: () => keptDurability, storageBytes, close: () => pattern.close() };
    },
    async plan(binding) {
      if ((await partitionsOf(binding)) !== undefined) return [];
      return [`would make the streams ${namesOf(binding.namespace).stream("*")}`];
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
