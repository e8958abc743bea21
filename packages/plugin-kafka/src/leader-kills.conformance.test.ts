import { KafkaCluster } from "@prism-data/local-servers";
import type { StreamRecord } from "@prism-data/pattern-sdk";
import { Kafka, logLevel } from "kafkajs";
import { expect, test, vi } from "vitest";
import { openCluster } from "./cluster.js";
import type { KafkaStream } from "./stream.js";
import { callWith, messageOf, openStream } from "./testing/open-namespace.js";

/** How often a leader is killed: few in the suite; more in a long run. */
const kills = Number(process.env.PRISM_KAFKA_KILLS ?? 2);

const partitions = 3;
const recordsPerAppend = 12;

/** Before, during and after each kill. */
const appendsPerPhase = 60;

test(`of what is appended while leaders are killed ${kills} times, every acknowledged record is there once, in order`, {
  timeout: 120_000 + kills * 60_000,
}, async ({ annotate }) => {
  await using cluster = await KafkaCluster.start({ environment: process.env });
  await using opened = await openStream({ brokers: cluster.brokers }, partitions);
  expect(opened.changes.join()).toContain("3 replicas, of which 2 must have a record");
  const acknowledged = new Map<string, string>();
  let refused = 0;
  let longestMs = 0;
  let step = 0;
  const appendSome = async () => {
    for (let append = 0; append < appendsPerPhase; append++, step++) {
      const texts = Array.from({ length: recordsPerAppend }, (_, index) => `${step}-${index}`);
      const messages = texts.map((text) => messageOf(text));
      const beganAtMs = performance.now();
      const results = await opened.stream.append(messages, callWith());
      longestMs = Math.max(longestMs, performance.now() - beganAtMs);
      for (const [index, result] of results.entries()) {
        if (result.ok) acknowledged.set(texts[index]!, `${result.result.partition}@${result.result.offset}`);
        else refused++;
      }
    }
  };

  await appendSome();
  for (let kill = 0; kill < kills; kill++) {
    const leader = cluster.node(await leaderOnceInSync(cluster, opened.topic, kill % partitions));
    await Promise.all([appendSome(), leader.kill()]);
    await Promise.all([appendSome(), leader.start()]);
  }

  const found = await everything(opened.stream);
  const placeOf = new Map(found.map(({ message, partition, offset }) => [message.id, `${partition}@${offset}`]));
  const lost = [...acknowledged].filter(([id, place]) => placeOf.get(id) !== place);
  const duplicates = found.length - placeOf.size;
  await annotate(
    `${kills} kills: ${acknowledged.size} records acknowledged, ${lost.length} lost, ${duplicates} duplicated, ${refused} refused; ` +
      `the longest append took ${Math.round(longestMs)} ms`,
  );
  expect(lost).toEqual([]);
  expect(duplicates, "records that are there twice").toBe(0);
  expect(acknowledged.size + refused).toBe((1 + 2 * kills) * appendsPerPhase * recordsPerAppend);
  expect(acknowledged.size, "most appends live through a kill").toBeGreaterThan(0.9 * (acknowledged.size + refused));
  for (let partition = 0; partition < partitions; partition++) {
    const steps = found.filter((record) => record.partition === partition).map(({ message }) => stepOf(message.id));
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
  }
});

/** The node that leads a partition, once every replica of the topic is in sync: the next kill is the only one to live through. */
async function leaderOnceInSync(cluster: KafkaCluster, topic: string, partition: number): Promise<number> {
  const looking = openCluster(new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }));
  try {
    await looking.connect();
    return await vi.waitFor(
      async () => {
        const broker = await looking.brokerPool.findConnectedBroker();
        const all = (await broker.metadata([topic])).topicMetadata[0]!.partitionMetadata;
        expect(all.map(({ isr }) => isr.length)).toEqual(all.map(() => cluster.nodes.length));
        return all.find(({ partitionId }) => partitionId === partition)!.leader;
      },
      { timeout: 60_000, interval: 100 },
    );
  } finally {
    await looking.disconnect();
  }
}

async function everything(stream: KafkaStream): Promise<StreamRecord[]> {
  const found: StreamRecord[] = [];
  const outlet = {
    room: async () => ({ items: 1_000, bytes: 2 ** 20 }),
    send: (records: readonly StreamRecord[]) => void found.push(...records),
    caughtUp() {},
  };
  await stream.read({ start: { kind: "earliest" }, follow: false }, outlet, callWith());
  return found;
}

function stepOf(id: string): number {
  return Number(id.split("-")[0]);
}
