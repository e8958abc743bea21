import { setTimeout as pause } from "node:timers/promises";
import type { StreamOptions } from "@prism-data/pattern-sdk";
import { type Admin, ConfigResourceTypes, ConfigSource } from "kafkajs";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { answerOf, isPassing, leaderless } from "./errors.js";

/** A record of 3 MiB with headers of 32 KiB, and what Kafka writes around it. */
const messageBytesMax = 4 * 2 ** 20;

/** Kafka deletes whole segments: the smaller, the closer to what retention asks for. It takes none below a message. */
const segmentBytes = { min: messageBytesMax, max: 2 ** 30, perRetention: 1 / 4 };

/** The same in time: a segment is as old as its newest record. */
const segmentMs = { min: 1_000, max: 7 * 24 * 3_600_000, perRetention: 1 / 4 };

/** How long brokers may take to tell each other of a topic, and a group to be without members. */
const settledWithinMs = 10_000;
const lookAgainMs = 50;

/** What the plugin sets of a topic; the rest is the operator's. */
type TopicConfig = Readonly<Record<string, string>>;

/** The topics of a cluster. */
export class Topics {
  readonly #connection: Connection;
  readonly #settings: Settings;

  constructor(connection: Connection, settings: Settings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  /** How many partitions a topic has. `undefined`: there is none. */
  async partitions(topic: string): Promise<number | undefined> {
    const admin = await this.#admin();
    return partitionsOf(admin, topic);
  }

  /** Makes a topic and waits until it takes records. Returns what was made, for people. */
  async make(topic: string, options: StreamOptions): Promise<string[]> {
    const admin = await this.#admin();
    const { replication_factor: replicationFactor = -1 } = this.#settings;
    const config = Object.entries(configOf(options)).map(([name, value]) => ({ name, value }));
    const wanted = { topic, numPartitions: options.partitions, replicationFactor, configEntries: config };
    await admin.createTopics({ topics: [wanted], waitForLeaders: true });
    await until(async () => (await partitionsOf(admin, topic)) === options.partitions, leaderless(topic));
    return [`made the topic ${topic}: ${await durabilityOf(admin, topic)}`];
  }

  /** Changes what a topic keeps, if it keeps something else. */
  async configure(topic: string, options: StreamOptions): Promise<string[]> {
    const admin = await this.#admin();
    const described = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      includeSynonyms: false,
    });
    const now = described.resources[0]?.configEntries ?? [];
    // Kafka would reset what is not said again.
    const own = now.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
    const before = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
    const after = { ...without(before, managed), ...configOf(options) };
    if (isSame(before, after)) return [];
    const configEntries = Object.entries(after).map(([name, value]) => ({ name, value }));
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
    });
    return [`changed what the topic ${topic} keeps`];
  }

  /** Removes a topic and the groups whose ids begin so. Returns whether there was one. */
  async remove(topic: string, groupPrefix: string): Promise<boolean> {
    const admin = await this.#admin();
    const { groups } = await admin.listGroups();
    const ids = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(groupPrefix));
    if (ids.length > 0) await removeGroups(admin, ids);
    if ((await partitionsOf(admin, topic)) === undefined) return false;
    await admin.deleteTopics({ topics: [topic] });
    await until(async () => (await partitionsOf(admin, topic)) === undefined, new Error(`${topic} is still there`));
    return true;
  }

  #admin(): Promise<Admin> {
    this.#connection.requireReachable();
    return this.#connection.admin();
  }
}

async function partitionsOf(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length;
  } catch (error) {
    if (answerOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
    throw error;
  }
}

/** What an acknowledged record survives, in the brokers' words. */
async function durabilityOf(admin: Admin, topic: string): Promise<string> {
  const [{ topics }, { resources }] = await Promise.all([
    admin.fetchTopicMetadata({ topics: [topic] }),
    admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ["min.insync.replicas"] }],
      includeSynonyms: false,
    }),
  ]);
  const replicas = topics[0]?.partitions[0]?.replicas.length;
  const insync = resources[0]?.configEntries[0]?.configValue;
  return `${replicas} replicas, of which ${insync} must have a record before it is acknowledged`;
}

/** A group can be removed when its last member has left. */
async function removeGroups(admin: Admin, ids: string[]): Promise<void> {
  await until(async () => {
    const outcome = await admin.deleteGroups(ids).then(
      () => "removed",
      (error: unknown) => error,
    );
    if (outcome === "removed") return true;
    const { groups } = outcome as { groups?: { error?: unknown }[] };
    const answers = groups?.map(({ error }) => answerOf(error)) ?? [];
    if (answers.length === 0) throw outcome;
    return answers.every((answer) => answer === undefined || answer === "GROUP_ID_NOT_FOUND");
  }, new Error("groups still have members"));
}

async function until(isSo: () => Promise<boolean>, otherwise: Error): Promise<void> {
  const giveUpAtMs = performance.now() + settledWithinMs;
  for (;;) {
    try {
      if (await isSo()) return;
    } catch (error) {
      if (!isPassing(error)) throw error;
    }
    if (performance.now() > giveUpAtMs) throw otherwise;
    await pause(lookAgainMs);
  }
}

function configOf({ retentionMs, retentionBytes }: StreamOptions): TopicConfig {
  return {
    "cleanup.policy": "delete",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": String(messageBytesMax),
    "retention.ms": String(retentionMs ?? -1),
    "retention.bytes": String(retentionBytes ?? -1),
    ...(retentionMs !== undefined && { "segment.ms": String(part(retentionMs, segmentMs)) }),
    ...(retentionBytes !== undefined && { "segment.bytes": String(part(retentionBytes, segmentBytes)) }),
  };
}

/** All that `configOf` may set. */
const managed = Object.keys(configOf({ partitions: 1, retentionMs: 1, retentionBytes: 1, compaction: false }));

function part(whole: number, { min, max, perRetention }: typeof segmentMs): number {
  return Math.min(max, Math.max(min, Math.floor(whole * perRetention)));
}

function without(config: TopicConfig, names: readonly string[]): TopicConfig {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !names.includes(name)));
}

function isSame(a: TopicConfig, b: TopicConfig): boolean {
  return Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((name) => a[name] === b[name]);
}
