import type { BatchResult, Position } from "@prism-data/pattern-sdk";
import type { Kafka, Producer } from "kafkajs";
import { callAbandoned, translated, unconfirmed } from "./errors.js";
import { type EncodedRecord, encodedSizeBytesMax } from "./record-codec.js";

/** Of one batch, one larger record excepted: far below what a topic of this plugin takes, and large enough for full speed. */
const batchBytesMax = 2 ** 20;

/** With `retry`: about 12 s, in which a dead leader is missed and another one takes its place. */
const retry = { initialRetryTime: 100, maxRetryTime: 1_000, multiplier: 2, factor: 0.2, retries: 13 };

/** How long the leader may wait for the other replicas. */
const replicationTimeoutMs = 5_000;

type Result = BatchResult<Position>;

interface Pending {
  readonly record: EncodedRecord;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  settle(result: Result): void;
}

/** A producer, and whether its sequence numbers can still be relied on. */
interface Session {
  readonly producer: Producer;
  readonly connected: Promise<void>;
  sending: number;
  spent: boolean;
}

/**
 * Writes the records of one topic, acknowledged by all replicas in sync, each once.
 *
 * Invariants, each against a loss of acknowledged records in kafkajs 2.2.4:
 * - One `send` is for one partition: with several, a partition whose leader dies is taken for sent. Source: kafkajs issue 1303.
 * - A `send` counts only if its answer names the partition.
 * - A partition has one `send` at a time, or a repetition could take the sequence number of another one.
 * - After a `send` that failed, a new producer is made: the old one would give the sequence number of what may be there already to
 *   other records, which the broker would take for repetitions and drop.
 */
export class RecordProducer {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #waiting = new Map<number, Pending[]>();
  readonly #busy = new Set<number>();
  #session: Session | undefined;
  #closed = false;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  /** Writes a record into its partition, after all that were given before. Rejects never. */
  send(record: EncodedRecord, signal: AbortSignal): Promise<Result> {
    const { partition } = record;
    return new Promise((settle) => {
      const waiting = this.#waiting.get(partition) ?? [];
      this.#waiting.set(partition, waiting);
      waiting.push({ record, sizeBytes: encodedSizeBytesMax(record), signal, settle });
      // Later in this turn: what one call appends goes together.
      if (!this.#busy.has(partition)) queueMicrotask(() => void this.#drain(partition));
    });
  }

  /** Ends the connections. What is on its way may or may not arrive. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#session !== undefined) await this.#retire(this.#session);
  }

  async #drain(partition: number): Promise<void> {
    if (this.#busy.has(partition)) return;
    this.#busy.add(partition);
    for (let batch = this.#take(partition); batch.length > 0; batch = this.#take(partition)) {
      const results = await this.#sendBatch(partition, batch);
      for (const [index, { settle }] of batch.entries()) settle(results(index));
    }
    this.#busy.delete(partition);
    this.#waiting.delete(partition);
  }

  /** The next records to send together; those that nobody waits for any more are given up. */
  #take(partition: number): Pending[] {
    const waiting = this.#waiting.get(partition) ?? [];
    const batch: Pending[] = [];
    let sizeBytes = 0;
    while (waiting.length > 0) {
      const next = waiting[0]!;
      if (batch.length > 0 && sizeBytes + next.sizeBytes > batchBytesMax) break;
      waiting.shift();
      if (next.signal.aborted) next.settle({ ok: false, error: callAbandoned() });
      else batch.push(next);
      sizeBytes += next.sizeBytes;
    }
    return batch;
  }

  async #sendBatch(partition: number, batch: readonly Pending[]): Promise<(index: number) => Result> {
    const session = this.#open();
    session.sending++;
    try {
      await session.connected;
      const messages = batch.map(({ record }) => record);
      const answers = await session.producer.send({
        ...{ topic: this.#topic, messages },
        ...{ acks: -1, timeout: replicationTimeoutMs },
      });
      const [answer] = answers;
      if (answers.length !== 1 || answer?.partition !== partition || answer.baseOffset === undefined) {
        throw unconfirmed(this.#topic, partition);
      }
      const first = BigInt(answer.baseOffset);
      return (index) => ({ ok: true, result: { partition, offset: first + BigInt(index) } });
    } catch (cause) {
      session.spent = true;
      if (this.#session === session) this.#session = undefined;
      const error = translated("the append", cause);
      return () => ({ ok: false, error });
    } finally {
      session.sending--;
      if (session.spent) await this.#retire(session);
    }
  }

  #open(): Session {
    if (this.#session !== undefined) return this.#session;
    const producer = this.#kafka.producer({
      ...{ idempotent: true, allowAutoTopicCreation: false, retry },
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition!,
    });
    const session: Session = { producer, connected: producer.connect(), sending: 0, spent: this.#closed };
    this.#session = session;
    return session;
  }

  /** Disconnects a producer when its last send has ended. */
  async #retire(session: Session): Promise<void> {
    session.spent = true;
    if (session.sending > 0) return;
    await session.producer.disconnect().catch(() => {
      // The connections are given up either way, and no result depends on how.
    });
  }
}
