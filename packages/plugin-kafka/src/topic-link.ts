import { setTimeout as pause } from "node:timers/promises";
import type { Kafka } from "kafkajs";
import { type Broker, type Cluster, openCluster } from "./cluster.js";
import { answerOf, callAbandoned, isPassing, leaderless, translated } from "./errors.js";

/** How long leaders and coordinators may take to move; a broker that dies is missed after 3 to 9 s. */
const patienceMs = 12_000;

/** Between two tries: soon enough to go on when the new leader does, seldom enough to leave the brokers alone. */
const retryPauseMs = 100;

/** The next offset of a partition at some place of it. */
export type Offsets = ReadonlyMap<number, bigint>;

/**
 * Connections of their own to the brokers that have one topic. A broker answers one connection's requests one after the other, so
 * whoever lets it wait for records needs a link of its own.
 */
export class TopicLink {
  readonly topic: string;
  readonly #kafka: Kafka;
  #cluster: Promise<Cluster> | undefined;
  /** Who coordinates the group that was asked about last. */
  #coordinator: { readonly groupId: string; readonly broker: Broker } | undefined;
  #closed = false;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.topic = topic;
  }

  /**
   * Does something with the brokers, again while they are changing places. `what` says it as a noun. Throws what `run` threw last,
   * translated.
   */
  async attempt<T>(what: string, run: (cluster: Cluster) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const giveUpAtMs = performance.now() + patienceMs;
    for (;;) {
      try {
        return await run(await this.#open());
      } catch (error) {
        if (signal?.aborted) throw callAbandoned();
        if (this.#closed || !isPassing(error) || performance.now() > giveUpAtMs) throw translated(what, error);
        await this.#mend(error);
      }
      await pause(retryPauseMs);
    }
  }

  /** The same with the broker that coordinates a group. It is looked up once, and again after an error. */
  attemptAtCoordinator<T>(
    what: string,
    { groupId, signal }: { groupId: string; signal?: AbortSignal | undefined },
    run: (coordinator: Broker) => Promise<T>,
  ): Promise<T> {
    const ask = async (cluster: Cluster) => {
      if (this.#coordinator?.groupId !== groupId) {
        this.#coordinator = { groupId, broker: await cluster.findGroupCoordinator({ groupId }) };
      }
      return run(this.#coordinator.broker);
    };
    return this.attempt(what, ask, signal);
  }

  /** The offset that each partition begins with, ends with, or has first at a time or later; at no record at all: its end. */
  async offsets(
    partitions: readonly number[],
    at: "earliest" | "latest" | { timeMs: number },
    signal?: AbortSignal,
  ): Promise<Offsets> {
    const where = typeof at === "object" ? { fromTimestamp: at.timeMs } : { fromBeginning: at === "earliest" };
    const asked = { topic: this.topic, partitions: partitions.map((partition) => ({ partition })), ...where };
    const found = await this.attempt(
      "the look-up of offsets",
      async (cluster) => {
        const [answer] = await cluster.fetchTopicsOffset([asked]);
        if (answer?.partitions.length === partitions.length) return answer.partitions;
        throw leaderless(this.topic);
      },
      signal,
    );
    const offsets = new Map(found.map(({ partition, offset }) => [partition, BigInt(offset)]));
    const missing = [...offsets].filter(([, offset]) => offset < 0n).map(([partition]) => partition);
    const ends = missing.length === 0 ? [] : await this.offsets(missing, "latest", signal);
    return new Map([...offsets, ...ends]);
  }

  /** Closes the connections; what waits for an answer fails. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#drop();
  }

  #open(): Promise<Cluster> {
    this.#cluster ??= this.#connected();
    return this.#cluster;
  }

  async #connected(): Promise<Cluster> {
    const cluster = openCluster(this.#kafka);
    try {
      await cluster.connect();
      await cluster.addTargetTopic(this.topic);
      return cluster;
    } catch (error) {
      this.#cluster = undefined;
      await cluster.disconnect();
      throw error;
    }
  }

  /** Looks leaders up anew; a connection that is silent or away is given up, whoever else waits for it. */
  async #mend(error: unknown): Promise<void> {
    this.#coordinator = undefined;
    try {
      if (answerOf(error) === undefined) await this.#drop();
      else await (await this.#cluster)?.refreshMetadata();
    } catch {
      await this.#drop();
    }
  }

  async #drop(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    const opened = await cluster?.catch(() => undefined);
    await opened?.disconnect();
  }
}
