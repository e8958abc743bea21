import assert from "node:assert/strict";
import type { ConfigResourceTypes, ConfigSource, Kafka } from "kafkajs";

/** Source: kafkajs 2.2.4, src/index.js. */
const createClusterName = "private:Kafka:createCluster";

/** When leaders are looked up again even if nobody says that they have moved. */
const metadataAgeMsMax = 300_000;

/** A record as kafkajs decodes it. */
export interface FetchedRecord {
  readonly offset: string;
  /** In ms since the Unix epoch. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** A marker of a transaction, which is no record. */
  readonly isControlRecord: boolean;
}

type HeaderValue = Buffer | null | readonly (Buffer | null)[];

/** What a broker sends of one partition. */
export interface FetchedPartition {
  readonly partition: number;
  readonly highWatermark: string;
  readonly messages: readonly FetchedRecord[];
}

/** What a broker says of a group's commit in one partition. */
export interface CommittedOffset {
  readonly partition: number;
  /** The next offset; `"-1"`: there is no commit. */
  readonly offset: string;
  readonly metadata: string | null;
}

interface OfTopic<T> {
  readonly topic: string;
  readonly partitions: readonly T[];
}

/** Who somebody is in a group. */
export interface Membership {
  readonly groupId: string;
  readonly memberId: string;
}

/** What joining says. Only the leader is told the members. */
export interface Joined {
  readonly generationId: number;
  readonly memberId: string;
  readonly leaderId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

/** A setting of a topic, or a whole topic to be made. */
interface Entry {
  readonly name: string;
  readonly value: string;
}

/** A setting of a topic as a broker tells it. */
export interface ConfigEntry {
  readonly configName: string;
  readonly configValue: string;
  readonly configSource: ConfigSource;
}

/** Where a partition is. */
export interface PartitionMetadata {
  readonly partitionId: number;
  /** The node that leads it; -1: none now. */
  readonly leader: number;
  readonly replicas: readonly number[];
  /** The replicas in sync. */
  readonly isr: readonly number[];
}

/** The requests of kafkajs' `Broker` that the plugin makes. */
export interface Broker {
  apiVersions(): Promise<unknown>;
  metadata(topics: readonly string[]): Promise<{
    readonly brokers: readonly { readonly nodeId: number }[];
    readonly topicMetadata: readonly {
      readonly partitionMetadata: readonly PartitionMetadata[];
    }[];
  }>;
  createTopics(request: {
    topics: readonly { topic: string; numPartitions: number; replicationFactor: number; configEntries: Entry[] }[];
  }): Promise<unknown>;
  createPartitions(request: { topicPartitions: readonly { topic: string; count: number }[] }): Promise<unknown>;
  deleteTopics(request: { topics: readonly string[] }): Promise<unknown>;
  describeConfigs(request: {
    resources: readonly { type: ConfigResourceTypes; name: string; configNames: readonly string[] }[];
  }): Promise<{ readonly resources: readonly { readonly configEntries: readonly ConfigEntry[] }[] }>;
  alterConfigs(request: {
    resources: readonly { type: ConfigResourceTypes; name: string; configEntries: Entry[] }[];
  }): Promise<unknown>;
  listGroups(): Promise<{ readonly groups: readonly { readonly groupId: string }[] }>;
  deleteGroups(groupIds: readonly string[]): Promise<{ readonly results: readonly { readonly errorCode: number }[] }>;
  fetch(request: {
    replicaId: number;
    isolationLevel: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    topics: readonly OfTopic<{ partition: number; fetchOffset: string; maxBytes: number }>[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly FetchedPartition[] }[] }>;
  joinGroup(request: {
    groupId: string;
    memberId: string;
    sessionTimeout: number;
    rebalanceTimeout: number;
    groupProtocols: readonly { name: string; metadata: Buffer }[];
  }): Promise<Joined>;
  syncGroup(
    request: Membership & {
      generationId: number;
      groupAssignment: readonly { memberId: string; memberAssignment: Buffer }[];
    },
  ): Promise<{ readonly memberAssignment: Buffer }>;
  heartbeat(request: Membership & { groupGenerationId: number }): Promise<unknown>;
  leaveGroup(request: Membership): Promise<unknown>;
  offsetFetch(request: {
    groupId: string;
    topics: readonly OfTopic<{ partition: number }>[];
  }): Promise<{ readonly responses: readonly { readonly partitions: readonly CommittedOffset[] }[] }>;
  offsetCommit(
    request: Membership & {
      groupGenerationId: number;
      topics: readonly OfTopic<{ partition: number; offset: string; metadata: string }>[];
    },
  ): Promise<unknown>;
}

/** Connections to the brokers of one cluster: kafkajs' `Cluster`, which all of its clients are built on. */
export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  getNodeIds(): readonly string[];
  readonly brokerPool: { findConnectedBroker(): Promise<Broker> };
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Readonly<Record<string, readonly number[]>>;
  findBroker(node: { nodeId: string }): Promise<Broker>;
  findGroupCoordinator(group: { groupId: string }): Promise<Broker>;
  fetchTopicsOffset(
    asked: readonly (OfTopic<{ partition: number }> & { fromBeginning?: boolean; fromTimestamp?: number })[],
  ): Promise<readonly OfTopic<{ partition: number; offset: string }>[]>;
}

/**
 * Opens the part of kafkajs that reads any partition from any offset, without a group: its consumer can only be assigned partitions by
 * a group. The version of kafkajs is pinned because this part is not in its types.
 */
export function openCluster(kafka: Kafka): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === createClusterName);
  assert(create !== undefined, "kafkajs makes its cluster under another name than in version 2.2.4");
  const opened = kafka as unknown as Record<symbol, (options: object) => Cluster>;
  return opened[create]!({ allowAutoTopicCreation: false, metadataMaxAge: metadataAgeMsMax });
}
