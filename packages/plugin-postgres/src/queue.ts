import {
  type BatchResult,
  type CallContext,
  type DeadLetterPage,
  leaseEndedCause,
  messageSizeBytes,
  type Queue,
  type QueueDelivery,
  type QueueDescription,
  type ReceiveRequest,
  type RedriveSelection,
  type Rejection,
  type SendEntry,
  type Sent,
  settled,
  WaitingReceives,
} from "@prism-data/pattern-sdk";
import { byteaArray, int8Array } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { GroupCommit } from "./group-commit.js";
import { type MessageRow, messageArrays, messageOf } from "./message-columns.js";
import type { Namespace } from "./namespace.js";
import { type QueueBounds, QueueStore } from "./queue-store.js";
import type { Statement } from "./statement.js";

const send: Statement = {
  name: "queue_send",
  text: "SELECT duplicate_of FROM queue_send($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
};
const describe: Statement = { name: "queue_describe", text: "SELECT * FROM queue_describe($1, $2)" };
const deadLetters: Statement = {
  name: "queue_dead_letters",
  text: "SELECT * FROM queue_dead_letters($1, $2, $3, $4, $5)",
};
const redrive: Statement = { name: "queue_redrive", text: "SELECT queue_redrive($1, $2, $3) AS redriven" };

const cursorText = /^(\d{1,16})-(\d{1,19})$/;

interface DeadLetterRow extends MessageRow {
  readonly id: bigint;
  readonly sent_at_ms: bigint;
  readonly died_at_ms: bigint;
  readonly delivery_count: number;
  readonly last_cause: Buffer | null;
  readonly fetched: bigint;
}

export interface PostgresQueueOptions extends QueueBounds {
  readonly deduplicationWindowMs: number;
}

/** One queue in PostgreSQL: rows that workers lease with SKIP LOCKED. Everything is one statement, and so atomic. */
export class PostgresQueue implements Queue {
  readonly #store: QueueStore;
  readonly #waiting: WaitingReceives<ReceiveRequest, QueueDelivery>;
  readonly #sends: GroupCommit<SendEntry, Sent>;

  constructor(
    connection: Connection,
    namespace: Namespace,
    { deduplicationWindowMs, ...bounds }: PostgresQueueOptions,
  ) {
    this.#store = new QueueStore(connection, namespace, bounds);
    this.#waiting = new WaitingReceives<ReceiveRequest, QueueDelivery>(this.#store);
    this.#sends = new GroupCommit({
      address: connection.address,
      apply: (entries) => this.#send(entries, deduplicationWindowMs),
    });
  }

  /** Each entry on its own; the group commit keeps their order and commits them together. */
  send(entries: readonly SendEntry[], { deadlineMs }: CallContext): Promise<BatchResult<Sent>[]> {
    const sent = entries.map((entry) =>
      this.#sends.submit(entry, { deadlineMs, sizeBytes: messageSizeBytes(entry.message) }),
    );
    return Promise.all(sent.map(settled));
  }

  async receive(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    const deliveries = await this.#store.take(request);
    if (signal.aborted) {
      await this.release(
        deliveries.map(({ deliveryId }) => deliveryId),
        false,
      );
      return [];
    }
    if (deliveries.length > 0 || request.waitMs === 0) return deliveries;
    return this.#waiting.receive(request, signal);
  }

  acknowledge(deliveryIds: readonly string[], context: CallContext): Promise<readonly BatchResult<void>[]> {
    return this.#store.acknowledge(deliveryIds, context);
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
    const [row] = await this.#store.run<
      Record<"ready" | "leased" | "delayed" | "dead", bigint> & { oldest_sent_at_ms: bigint | null }
    >(describe, [this.#store.deliveriesMax]);
    const { ready, leased, delayed, dead, oldest_sent_at_ms } = row!;
    return {
      ready: Number(ready),
      leased: Number(leased),
      delayed: Number(delayed),
      dead: Number(dead),
      oldestSentAtMs: oldest_sent_at_ms === null ? undefined : Number(oldest_sent_at_ms),
    };
  }

  async listDeadLetters(request: {
    readonly limit: number;
    readonly bytesMax: number;
    readonly cursor?: string | undefined;
  }): Promise<DeadLetterPage> {
    const [, afterMs = "0", afterId = "0"] = cursorText.exec(request.cursor ?? "") ?? [];
    await this.describe();
    const rows = await this.#store.run<DeadLetterRow>(deadLetters, [afterMs, afterId, request.limit, request.bytesMax]);
    const letters = rows.map((row) => ({
      message: messageOf(row),
      sentAtMs: Number(row.sent_at_ms),
      diedAtMs: Number(row.died_at_ms),
      deliveryCount: row.delivery_count,
      cause: row.last_cause?.toString() ?? leaseEndedCause(row.delivery_count),
    }));
    const last = rows.at(-1);
    const hasMore = last !== undefined && BigInt(rows.length) < last.fetched;
    return { deadLetters: letters, cursor: hasMore ? `${last.died_at_ms}-${last.id}` : undefined };
  }

  async redrive(selection: RedriveSelection): Promise<number> {
    const byId = selection.kind === "ids";
    const ids = byId ? byteaArray(selection.ids.map((id) => Buffer.from(id))) : undefined;
    const [row] = await this.#store.run<{ redriven: number }>(redrive, [ids, byId ? undefined : selection.limit]);
    return row!.redriven;
  }

  close(): void {
    this.#waiting.close();
  }

  async #send(entries: readonly SendEntry[], windowMs: number): Promise<BatchResult<Sent>[]> {
    const rows = await this.#store.run<{ duplicate_of: Buffer | null }>(send, [
      ...messageArrays(entries.map(({ message }) => message)),
      int8Array(entries.map(({ delayMs }) => delayMs)),
      byteaArray(
        entries.map(({ deduplicationId }) =>
          deduplicationId === undefined ? undefined : Buffer.from(deduplicationId),
        ),
      ),
      windowMs,
    ]);
    return entries.map(({ message }, index) => {
      const duplicateOf = rows[index]!.duplicate_of;
      return { ok: true, result: { id: duplicateOf?.toString() ?? message.id, duplicate: duplicateOf !== null } };
    });
  }
}
