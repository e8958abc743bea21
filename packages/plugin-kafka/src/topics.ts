import { setTimeout as pause } from "node:timers/promises";
import type { StreamOptions } from "@prism-data/pattern-sdk";
import kafkajs from "kafkajs";
import type { Cluster, ConfigEntry } from "./cluster.js";
import type { Settings } from "./config.js";
import type { Connection } from "./connection.js";
import { answerOf, leaderless } from "./errors.js";
import { TopicLink } from "./topic-link.js";

// Node.js does not find these names by itself in kafkajs, which is CommonJS.
const { ConfigResourceTypes, ConfigSource } = kafkajs;

/** A record of 3 MiB with headers of 32 KiB, and what Kafka writes around it. */
const messageBytesMax = 4 * 2 ** 20;

/** Kafka deletes whole segments: the smaller, the closer to what retention asks for. It takes none below a message. */
const segmentBytes = { min: messageBytesMax, max: 2 ** 30, perRetention: 1 / 4 };

/** The same in time: a segment is as old as its newest record. */
const segmentMs = { min: 1_000, max: 7 * 24 * 3_600_000, perRetention: 1 / 4 };

/** How long brokers keep the commits of a group that nobody is in. */
const groupsKept = "offsets.retention.minutes";

/** How long brokers may take to tell each other of a topic, and a group to be without members. */
const settledWithinMs = 10_000;
const lookAgainMs = 50;

/** The number of a topic's only partition. */
export const onlyPartition = 0;

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
    return (await this.#described(topic))?.length;
  }

  /** Makes a topic and waits until it takes records. Returns what was made, for people. */
  async make(topic: string, options: StreamOptions): Promise<string[]> {
    const { replication_factor: replicationFactor = -1 } = this.#settings;
    const configEntries = entriesOf(configOf(options));
    const wanted = { topic, numPartitions: options.partitions, replicationFactor, configEntries };
    await this.#connection.ask(async (broker) => {
      try {
        await broker.createTopics({ topics: [wanted] });
      } catch (error) {
        if (answerOf(error) !== "TOPIC_ALREADY_EXISTS") throw error;
      }
    });
    const isThere = async () => {
      const partitions = await this.#described(topic);
      return partitions?.length === options.partitions && partitions.every(({ leader }) => leader >= 0);
    };
    await until(isThere, leaderless(topic));
    return [`made the topic ${topic}: ${await this.#durability(topic)}`];
  }

  /** Adds partitions to a topic and waits until every broker knows them. Returns what was changed, for people. */
  async grow(topic: string, { from, to }: { readonly from: number; readonly to: number }): Promise<string[]> {
    await this.#connection.ask(async (broker) => {
      try {
        await broker.createPartitions({ topicPartitions: [{ topic, count: to }] });
      } catch (error) {
        // Another process of the plugin was first.
        if (answerOf(error) !== "INVALID_PARTITIONS" || (await this.partitions(topic)) !== to) throw error;
      }
    });
    const link = new TopicLink(this.#connection.kafka, topic);
    try {
      const isKnown = () => link.attempt("the look-up of partitions", (cluster) => knownEverywhere(cluster, topic, to));
      await until(isKnown, leaderless(topic));
    } finally {
      await link.close();
    }
    return [`added partitions to the topic ${topic}: it had ${from} and has ${to}`];
  }

  /** Changes what a topic keeps, if it keeps something else, and waits until that is known. Returns what was changed, for people. */
  async configure(topic: string, options: StreamOptions): Promise<string[]> {
    const { before, after } = await this.#change(topic, options);
    const differences = differencesOf(before, after);
    if (differences.length === 0) return [];
    const resources = [{ ...resourceOf(topic), configEntries: entriesOf(after) }];
    await this.#connection.ask((broker) => broker.alterConfigs({ resources }));
    // The controller takes the change, and a broker hears of it a little later.
    await until(
      async () => (await this.plan(topic, options)).length === 0,
      new Error(`${topic} still has other settings`),
    );
    return [`changed the topic ${topic}: ${differences.join(", ")}`];
  }

  /** What `configure` would change, for people. */
  async plan(topic: string, options: StreamOptions): Promise<string[]> {
    const { before, after } = await this.#change(topic, options);
    const differences = differencesOf(before, after);
    return differences.length === 0 ? [] : [`would change the topic ${topic}: ${differences.join(", ")}`];
  }

  /** Removes a topic and the groups whose ids begin so. Returns whether there was one. */
  async remove(topic: string, groupPrefix: string): Promise<boolean> {
    if ((await this.#described(topic)) === undefined) return false;
    const link = new TopicLink(this.#connection.kafka, topic);
    try {
      const removeGroups = () => link.attempt("the removal of groups", (cluster) => removed(cluster, groupPrefix));
      await until(removeGroups, new Error("groups still have members"));
    } finally {
      await link.close();
    }
    await this.#connection.ask(async (broker) => {
      try {
        await broker.deleteTopics({ topics: [topic] });
      } catch (error) {
        if (answerOf(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
      }
    });
    await until(async () => (await this.#described(topic)) === undefined, new Error(`${topic} is still there`));
    return true;
  }

  /** How long the brokers keep the commits of a group that nobody is in, in ms. */
  async groupsKeptMs(): Promise<number> {
    const config = await this.#connection.ask(async (broker) => {
      const { brokers } = await broker.metadata([]);
      const name = String(brokers[0]?.nodeId);
      const resource = { type: ConfigResourceTypes.BROKER, name, configNames: [groupsKept] };
      return broker.describeConfigs({ resources: [resource] });
    });
    return Number(config.resources[0]?.configEntries[0]?.configValue) * 60_000;
  }

  /** The partitions of a topic. `undefined`: there is none. */
  #described(topic: string) {
    return this.#connection.ask(async (broker) => {
      try {
        return (await broker.metadata([topic])).topicMetadata[0]?.partitionMetadata;
      } catch (error) {
        if (answerOf(error) === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
        throw error;
      }
    });
  }

  /** The topic's own settings as they are, and as they are to be. */
  async #change(topic: string, options: StreamOptions): Promise<{ before: TopicConfig; after: TopicConfig }> {
    const now = await this.#config(topic, []);
    // Kafka would reset what is not said again.
    const own = now.filter(({ configSource }) => configSource === ConfigSource.TOPIC_CONFIG);
    const before = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
    return { before, after: { ...without(before, managed), ...configOf(options) } };
  }

  /** The settings of these names; no names: all. */
  async #config(topic: string, configNames: readonly string[]): Promise<readonly ConfigEntry[]> {
    const resources = [{ ...resourceOf(topic), configNames }];
    const described = await this.#connection.ask((broker) => broker.describeConfigs({ resources }));
    return described.resources[0]?.configEntries ?? [];
  }

  /** What an acknowledged record survives, in the brokers' words. */
  async #durability(topic: string): Promise<string> {
    const partitions = await this.#described(topic);
    const [insync] = await this.#config(topic, ["min.insync.replicas"]);
    const replicas = partitions?.[0]?.replicas.length;
    return `${replicas} replicas, of which ${insync?.configValue} must have a record before it is acknowledged`;
  }
}

/** Whether every broker names so many partitions, each with a leader. */
async function knownEverywhere(cluster: Cluster, topic: string, partitions: number): Promise<boolean> {
  await cluster.refreshMetadata();
  const known = cluster.getNodeIds().map(async (nodeId) => {
    const broker = await cluster.findBroker({ nodeId });
    const described = (await broker.metadata([topic])).topicMetadata[0]?.partitionMetadata ?? [];
    return described.length === partitions && described.every(({ leader }) => leader >= 0);
  });
  return (await Promise.all(known)).every(Boolean);
}

/** Removes the groups whose ids begin so. Returns whether all are gone: one that still has a member cannot be removed. */
async function removed(cluster: Cluster, groupPrefix: string): Promise<boolean> {
  const outcomes = cluster.getNodeIds().map(async (nodeId) => {
    const broker = await cluster.findBroker({ nodeId });
    const { groups } = await broker.listGroups();
    const ids = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(groupPrefix));
    return ids.length === 0 || (await broker.deleteGroups(ids)).results.every(({ errorCode }) => errorCode === 0);
  });
  return (await Promise.all(outcomes)).every(Boolean);
}

function resourceOf(topic: string) {
  return { type: ConfigResourceTypes.TOPIC, name: topic };
}

function entriesOf(config: TopicConfig): { name: string; value: string }[] {
  return Object.entries(config).map(([name, value]) => ({ name, value }));
}

async function until(isSo: () => Promise<boolean>, otherwise: Error): Promise<void> {
  const giveUpAtMs = performance.now() + settledWithinMs;
  for (;;) {
    if (await isSo()) return;
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

/** Each setting that is not the same, such as `retention.ms 3600000 -> 60000`. */
function differencesOf(before: TopicConfig, after: TopicConfig): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => before[name] !== after[name]);
  return changed.map((name) => `${name} ${before[name] ?? "by default"} -> ${after[name] ?? "by default"}`);
}
