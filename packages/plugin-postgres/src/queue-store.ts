import {
  type BatchResult,
  type CallContext,
  type GroupDelivery,
  leaseLostError,
  type MemberRequest,
  type QueueDelivery,
  type Rejection,
} from "@prism-data/pattern-sdk";
import { int8Array } from "./binary-array.js";
import type { Connection } from "./connection.js";
import { dealtOut, GroupCommit } from "./group-commit.js";
import { type MessageRow, messageOf } from "./message-columns.js";
import type { Numbered } from "./namespace.js";
import type { Parameter, Statement } from "./statement.js";

/** As long as so many look-ups, so that none is sent behind it while there is another connection. */
const writeLoad = 64;

const deliveryIdText = /^(\d{1,18})-(\d{1,18})$/;

/** Names no delivery. */
const nothing = { id: 0n, lease: 0n };

const receive: Statement = { name: "queue_receive", text: "SELECT * FROM queue_receive($1, $2, $3, $4, $5, $6, $7)" };
const nextDue: Statement = { name: "queue_next_due", text: "SELECT queue_next_due_ms($1) AS in_ms" };
const acknowledge: Statement = { name: "queue_acknowledge", text: "SELECT * FROM queue_acknowledge($1, $2, $3)" };
const reject: Statement = { name: "queue_reject", text: "SELECT * FROM queue_reject($1, $2, $3, $4, $5, $6)" };
const release: Statement = { name: "queue_release", text: "SELECT queue_release($1, $2, $3, $4, $5)" };
const extend: Statement = { name: "queue_extend", text: "SELECT * FROM queue_extend($1, $2, $3, $4)" };

/** Asks for what is ready now. */
export type TakeRequest = Omit<MemberRequest, "waitMs">;

interface DeliveryRow extends MessageRow {
  readonly id: bigint;
  readonly lease: bigint;
  readonly sent_at_ms: bigint;
  readonly due_ms: bigint;
  readonly delivery_count: number;
  readonly topic: Buffer | null;
}

interface DeliveryName {
  readonly id: bigint;
  readonly lease: bigint;
}

/** How often and how long a queue tries to have a message handled. */
export interface QueueBounds {
  /** After how many deliveries a message is dead; `undefined`: it is delivered without end. */
  readonly deliveriesMax: number | undefined;
  /** How old messages may get, in ms; `undefined`: they stay. */
  readonly retentionMs: number | undefined;
}

/** One queue on the server: what is taken from it, and what becomes of that. */
export class QueueStore {
  readonly #connection: Connection;
  readonly #queue: Numbered;
  readonly #deliveriesMax: number | undefined;
  readonly #retentionMs: number | undefined;
  readonly #acknowledgements: GroupCommit<readonly string[], readonly BatchResult<void>[]>;

  constructor(connection: Connection, queue: Numbered, { deliveriesMax, retentionMs }: QueueBounds) {
    this.#connection = connection;
    this.#queue = queue;
    this.#deliveriesMax = deliveriesMax;
    this.#retentionMs = retentionMs;
    this.#acknowledgements = new GroupCommit({
      address: connection.address,
      apply: async (entries) =>
        dealtOut(entries, resultsOf(await this.#settle<{ done: boolean }>(acknowledge, entries.flat(), []))),
    });
  }

  get deliveriesMax(): number | undefined {
    return this.#deliveriesMax;
  }

  /** Runs a statement whose first parameter is the queue's id. */
  run<Row extends object>(statement: Statement, values: readonly Parameter[]): Promise<readonly Row[]> {
    return this.#queue.use((id) => this.#connection.run<Row>(statement, [id, ...values], writeLoad));
  }

  /** Calls `ringer` whenever something became ready, until the returned function is called. */
  async onReady(ringer: () => void): Promise<() => void> {
    return this.#queue.use(async (id) => this.#connection.bell.on(`queue:${id}`, ringer));
  }

  /** Leases what is ready now. What was sent to a queue has no topic: `""`. */
  async take({ messagesMax, bytesMax, leaseMs, takers = 1 }: TakeRequest): Promise<readonly GroupDelivery[]> {
    const rows = await this.run<DeliveryRow>(receive, [
      messagesMax,
      bytesMax,
      leaseMs,
      this.#deliveriesMax,
      this.#retentionMs,
      takers,
    ]);
    return rows.map((row) => ({
      deliveryId: `${row.id}-${row.lease}`,
      message: messageOf(row),
      sentAtMs: Number(row.sent_at_ms),
      deliveryCount: row.delivery_count,
      leaseExpiresAtMs: Number(row.due_ms),
      topic: row.topic?.toString() ?? "",
    }));
  }

  /** In how many ms something becomes ready by itself. `undefined`: nothing will. */
  async nextDueInMs(): Promise<number | undefined> {
    const [row] = await this.run<{ in_ms: bigint | null }>(nextDue, []);
    return row!.in_ms === null ? undefined : Number(row!.in_ms);
  }

  acknowledge(
    deliveryIds: readonly string[],
    { deadlineMs }: Partial<Pick<CallContext, "deadlineMs">> = {},
  ): Promise<readonly BatchResult<void>[]> {
    return this.#acknowledgements.submit(deliveryIds, { deadlineMs, steps: deliveryIds.length });
  }

  async reject(deliveryIds: readonly string[], { delayMs, cause }: Rejection): Promise<readonly BatchResult<void>[]> {
    const values = [delayMs, Buffer.from(cause), this.#deliveriesMax];
    return resultsOf(await this.#settle<{ done: boolean }>(reject, deliveryIds, values));
  }

  /** `counts` false: the deliveries are taken out of their messages' counts. `mayDie`: as if their leases had ended. */
  async release(
    deliveryIds: readonly string[],
    { counts, mayDie }: { counts: boolean; mayDie: boolean },
  ): Promise<void> {
    if (deliveryIds.length === 0) return;
    await this.#settle(release, deliveryIds, [counts, mayDie ? this.#deliveriesMax : undefined]);
  }

  /** Takes deliveries back as if they had never been made. */
  giveBack(deliveries: readonly QueueDelivery[]): Promise<void> {
    const ids = deliveries.map(({ deliveryId }) => deliveryId);
    return this.release(ids, { counts: false, mayDie: false });
  }

  async extend(deliveryIds: readonly string[], leaseMs: number): Promise<readonly BatchResult<number>[]> {
    const rows = await this.#settle<{ ends_at_ms: bigint | null }>(extend, deliveryIds, [leaseMs]);
    return rows.map(({ ends_at_ms }) =>
      ends_at_ms === null ? { ok: false, error: leaseLostError() } : { ok: true, result: Number(ends_at_ms) },
    );
  }

  #settle<Row extends object>(
    statement: Statement,
    deliveryIds: readonly string[],
    values: readonly Parameter[],
  ): Promise<readonly Row[]> {
    const names = deliveryIds.map(nameOf);
    return this.run<Row>(statement, [
      int8Array(names.map(({ id }) => id)),
      int8Array(names.map(({ lease }) => lease)),
      ...values,
    ]);
  }
}

function nameOf(deliveryId: string): DeliveryName {
  const [, id, lease] = deliveryIdText.exec(deliveryId) ?? [];
  return id === undefined ? nothing : { id: BigInt(id), lease: BigInt(lease!) };
}

function resultsOf(rows: readonly { readonly done: boolean }[]): readonly BatchResult<void>[] {
  return rows.map(({ done }) => (done ? { ok: true, result: undefined } : { ok: false, error: leaseLostError() }));
}
