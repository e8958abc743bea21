import {
  type BatchResult,
  type CallContext,
  type DeadLetterPage,
  type Logger,
  leaseEndedCause,
  type Queue,
  type QueueDelivery,
  type QueueDescription,
  type ReceiveRequest,
  type RedriveSelection,
  type Rejection,
  type SendEntry,
  type Sent,
  WaitingReceives,
} from "@prism-data/pattern-sdk";
import type { Reply } from "./connection.js";
import { grouped } from "./grouped.js";
import { decodeMessage, encodeMessage } from "./message-record.js";
import {
  deadLettersScript,
  describeScript,
  redriveIdsScript,
  redriveOldestScript,
  sendScript,
  sweepQueueScript,
} from "./queue-scripts.js";
import { Sweep } from "./sweep.js";
import { WaitedStore, type WaitedStoreOptions } from "./waited-store.js";

/** How many dead letters one script makes ready again. */
const redriveSliceMax = 500;

/** How often a description goes on with messages that are due, 500 at a time. The bound is only there to be one. */
const describeAttemptsMax = 100_000;

export interface RedisQueueOptions extends WaitedStoreOptions {
  readonly log: Logger;
  readonly deduplicationWindowMs: number;
}

/** One queue in Redis. Everything is one script, and so atomic. */
export class RedisQueue implements Queue {
  readonly #store: WaitedStore;
  readonly #waiting: WaitingReceives<ReceiveRequest, QueueDelivery>;
  readonly #sweep: Sweep;
  readonly #windowMs: number;

  constructor({ log, deduplicationWindowMs, ...store }: RedisQueueOptions) {
    this.#store = new WaitedStore(store);
    this.#waiting = new WaitingReceives<ReceiveRequest, QueueDelivery>(this.#store);
    this.#windowMs = deduplicationWindowMs;
    const run = async () => (await this.#store.run(sweepQueueScript, [deduplicationWindowMs])) === 1;
    this.#sweep = new Sweep({ connection: store.connection, log, run });
  }

  async send(entries: readonly SendEntry[]): Promise<readonly BatchResult<Sent>[]> {
    const args = entries.flatMap(({ message, delayMs, deduplicationId = "" }) => [
      encodeMessage(message),
      delayMs,
      deduplicationId,
    ]);
    const before = (await this.#store.run(sendScript, [this.#windowMs, ...args])) as Buffer[];
    return entries.map(({ message }, index) => {
      const first = before[index]!.toString();
      return { ok: true, result: { id: first || message.id, duplicate: first !== "" } };
    });
  }

  async receive(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    const startedAtMs = performance.now();
    const deliveries = await this.#store.take(request);
    if (signal.aborted) {
      await this.release(
        deliveries.map(({ deliveryId }) => deliveryId),
        false,
      );
      return [];
    }
    const waitMs = request.waitMs - (performance.now() - startedAtMs);
    if (deliveries.length > 0 || waitMs <= 0) return deliveries;
    return this.#waiting.receive({ ...request, waitMs }, signal);
  }

  acknowledge(deliveryIds: readonly string[]): Promise<readonly BatchResult<void>[]> {
    return this.#store.acknowledge(deliveryIds);
  }

  reject(deliveryIds: readonly string[], rejection: Rejection): Promise<readonly BatchResult<void>[]> {
    return this.#store.reject(deliveryIds, rejection);
  }

  release(deliveryIds: readonly string[], counts: boolean): Promise<void> {
    return this.#store.release(deliveryIds, { counts, mayDie: true });
  }

  extend(deliveryIds: readonly string[], leaseMs: number): Promise<readonly BatchResult<number>[]> {
    return this.#store.extend(deliveryIds, leaseMs);
  }

  async describe(): Promise<QueueDescription> {
    let reply: number[] = [];
    for (let attempt = 0; attempt < describeAttemptsMax && reply.length < 2; attempt++)
      reply = (await this.#store.run(describeScript)) as number[];
    const [, ready = 0, leased = 0, delayed = 0, dead = 0, oldestSentAtMs] = reply;
    return { ready, leased, delayed, dead, oldestSentAtMs };
  }

  async listDeadLetters(request: {
    readonly limit: number;
    readonly bytesMax: number;
    readonly cursor?: string | undefined;
  }): Promise<DeadLetterPage> {
    const { limit, bytesMax, cursor = "0" } = request;
    await this.describe();
    const [more, ...flat] = (await this.#store.run(deadLettersScript, [cursor, limit, bytesMax])) as Reply[];
    const letters = grouped(flat as Buffer[], 7);
    const last = letters.at(-1)?.[1]?.toString();
    return { deadLetters: letters.map(deadLetterOf), cursor: more === 1 ? last : undefined };
  }

  async redrive(selection: RedriveSelection): Promise<number> {
    await this.describe();
    if (selection.kind === "ids") return Number(await this.#store.run(redriveIdsScript, selection.ids));
    let sum = 0;
    let redriven: number;
    do {
      const slice = Math.min(redriveSliceMax, selection.limit - sum);
      redriven = Number(await this.#store.run(redriveOldestScript, [slice]));
      sum += redriven;
    } while (redriven === redriveSliceMax && sum < selection.limit);
    return sum;
  }

  close(): void {
    this.#sweep.close();
    this.#waiting.close();
    this.#store.close();
  }
}

function deadLetterOf([, , sentAt, count, diedAt, cause, record]: readonly Buffer[]) {
  const deliveryCount = Number(count);
  return {
    message: decodeMessage(record!).message,
    sentAtMs: Number(sentAt),
    diedAtMs: Number(diedAt),
    deliveryCount,
    cause: cause!.toString() || leaseEndedCause(deliveryCount),
  };
}
