import type { PatternBinder, QueueOptions } from "@prism-data/pattern-sdk";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { atomicVersionMin, JetStream, type KeptConfig } from "./jet-stream.js";
import { keptDurability, keptStream } from "./kept-stream.js";
import { Names } from "./names.js";
import { checkPayload } from "./payload-limit.js";
import { NatsQueue } from "./queue.js";
import { bodiesPart, QueueBodies } from "./queue-bodies.js";
import { QueueRecords, recordsPart } from "./queue-records.js";
import { QueueStore } from "./queue-store.js";
import { toldDifferences } from "./stream-difference.js";

/** Namespaces of the queue pattern: a stream of JetStream for the messages, and one for what became of them. */
export function queueBinder(
  connection: Connection,
  { subject_prefix: prefix, replicas }: Settings,
): PatternBinder<NatsQueue, QueueOptions> {
  const jetStream = new JetStream(connection);
  const namesOf = (namespace: string) => new Names({ prefix, kind: "queue", namespace });
  const configsOf = (namespace: string) => {
    const names = namesOf(namespace);
    return [bodiesPart, recordsPart].map((part) => configOf({ names, namespace, part, replicas }));
  };
  return {
    async bind({ namespace, options, capabilities }) {
      checkPayload(connection);
      jetStream.checkVersion(atomicVersionMin);
      const names = namesOf(namespace);
      const differences = await Promise.all(configsOf(namespace).map((config) => jetStream.make(config)));
      const { maxDeliveries, deduplicationWindowMs, retentionMs } = options;
      const bodies = new QueueBodies(jetStream, names, { deduplicationWindowMs });
      const records = new QueueRecords(jetStream, names, (number) => bodies.tidy(number));
      const deliveriesMax = capabilities.has("dead_letter") ? maxDeliveries : undefined;
      const pattern = new NatsQueue({
        store: new QueueStore(bodies, records, { deliveriesMax, retentionMs }),
        onReady: (ringer) => onReady(connection, names, ringer),
        expires: retentionMs !== undefined,
      });
      const stopHearing = connection.onUp(() => pattern.forget());
      return {
        pattern,
        changes: toldDifferences(differences, { done: true }),
        durability: () => keptDurability,
        storageBytes: () => jetStream.bytesOf(names.all),
        close() {
          stopHearing();
          pattern.close();
        },
      };
    },
    async plan({ namespace }) {
      const differences = await Promise.all(configsOf(namespace).map((config) => jetStream.compare(config)));
      return toldDifferences(differences, { done: false });
    },
    async deleteData(namespace) {
      const names = await jetStream.namesOf(namesOf(namespace).all);
      await Promise.all(names.map((name) => jetStream.remove(name)));
      return names.map((name) => `removed the stream ${name}`);
    },
  };
}

function configOf({
  names,
  namespace,
  part,
  replicas,
}: {
  readonly names: Names;
  readonly namespace: string;
  readonly part: string;
  readonly replicas: number;
}): KeptConfig {
  return {
    ...keptStream({ names, namespace, part, replicas }),
    subjects: [names.subject(part, ">")],
    // Records come whole: who waits for messages hears of those that are given back.
    republish: { src: names.subject(part, ">"), dest: names.bell(part, ">"), headers_only: part === bodiesPart },
    ...{ allow_msg_ttl: true, allow_atomic: true },
  };
}

/** Rings when a message was sent, or one is ready again. Leases and delays that end are no news. */
function onReady(connection: Connection, names: Names, ringer: () => void): () => void {
  const stops = [
    connection.listen(names.bell(bodiesPart, ">"), ringer),
    connection.listen(names.bell(recordsPart, ">"), (message) => {
      if (message.json<{ state: string }>().state === "ready") ringer();
    }),
    connection.onUp(ringer),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
