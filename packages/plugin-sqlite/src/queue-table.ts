import { type Message, messageSizeBytes, type QueueDescription, type QueueOptions } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";
import { QueueContent } from "./queue-content.js";

/** A message of a queue, without what it says. */
export interface QueueRow {
  readonly id: number;
  readonly messageId: Buffer;
  readonly sizeBytes: number;
  readonly sentAtMs: number;
  readonly deliveryCount: number;
  readonly lastCause: string;
  readonly state: "ready" | "delayed" | "leased" | "dead";
}

/** A dead letter, without what it says. */
export interface DeadRow extends QueueRow {
  readonly death: number;
  readonly diedAtMs: number;
}

/** What the sweep and everybody else who has the file open must know of a queue. */
export type KeptOptions = Pick<QueueOptions, "deduplicationWindowMs" | "retentionMs">;

/** A message that has to go. */
export interface DoomedMessage {
  readonly id: number;
  readonly sizeBytes: number;
}

/** Where a lease goes. */
export interface NewLease {
  readonly deliveryId: string;
  readonly endsAtMs: number;
}

const columns = `id, message_id AS messageId, size_bytes AS sizeBytes, sent_at_ms AS sentAtMs,
  delivery_count AS deliveryCount, last_cause AS lastCause, state`;

/** Too old, and no worker's. */
const overdue = "(state <> 'leased' OR due_at_ms <= $nowMs)";

/** The statements on the queues of a file. Those that change something run inside a transaction. */
export class QueueTable {
  readonly content: QueueContent;
  readonly #kept: Statement<[number], { deduplicationWindowMs: number; retentionMs: number | null }>;
  readonly #configure: Statement<[number, number, number | null]>;
  readonly #insert: Statement<[number, Buffer, number, number]>;
  readonly #firstReady: Statement<[number], QueueRow>;
  readonly #firstDue: Statement<[number, number], QueueRow>;
  readonly #firstWorn: Statement<[number, number], QueueRow>;
  readonly #nextDueMs: Statement<[number], number | null>;
  readonly #leased: Statement<[string, number, number], QueueRow>;
  readonly #lease: Statement<[string, number, number]>;
  readonly #setCount: Statement<[number, number]>;
  readonly #setCause: Statement<[string, number]>;
  readonly #makeReady: Statement<[number]>;
  readonly #delay: Statement<[number, number]>;
  readonly #nextDeath: Statement<[number], number>;
  readonly #die: Statement<[number, number, string, number]>;
  readonly #deadAfter: Statement<[number, number, number], DeadRow>;
  readonly #deadWithId: Statement<[number, Buffer], number>;
  readonly #redrive: Statement<[number]>;
  readonly #remove: Statement<[number]>;
  readonly #count: Statement<[number, string], number>;
  readonly #tooOld: Statement<[{ nowMs: number; rowsMax: number }], DoomedMessage>;
  readonly #ofNamespace: Statement<[number, number], DoomedMessage>;
  readonly #removeQueue: Statement<[number]>;

  constructor(db: Database) {
    this.content = new QueueContent(db);
    this.#kept = db.prepare(
      "SELECT deduplication_window_ms AS deduplicationWindowMs, retention_ms AS retentionMs FROM queue WHERE namespace_id = ?",
    );
    this.#configure = db.prepare(
      `INSERT INTO queue (namespace_id, deduplication_window_ms, retention_ms) VALUES (?, ?, ?) ON CONFLICT DO UPDATE
       SET deduplication_window_ms = excluded.deduplication_window_ms, retention_ms = excluded.retention_ms`,
    );
    this.#insert = db.prepare(
      "INSERT INTO queue_message (namespace_id, state, message_id, size_bytes, sent_at_ms) VALUES (?, 'ready', ?, ?, ?)",
    );
    this.#firstReady = db.prepare(
      `SELECT ${columns} FROM queue_message WHERE namespace_id = ? AND state = 'ready' ORDER BY id LIMIT 1`,
    );
    this.#firstDue = db.prepare(
      `SELECT ${columns} FROM queue_message WHERE namespace_id = ? AND due_at_ms <= ? ORDER BY due_at_ms LIMIT 1`,
    );
    this.#firstWorn = db.prepare(
      `SELECT ${columns} FROM queue_message
       WHERE namespace_id = ? AND state = 'ready' AND delivery_count > 0 AND delivery_count >= ? LIMIT 1`,
    );
    this.#nextDueMs = db
      .prepare<[number], number | null>(
        "SELECT min(due_at_ms) FROM queue_message WHERE namespace_id = ? AND due_at_ms IS NOT NULL",
      )
      .pluck();
    this.#leased = db.prepare(
      `SELECT ${columns} FROM queue_message WHERE delivery_id = ? AND namespace_id = ? AND due_at_ms > ?`,
    );
    this.#lease = db.prepare("UPDATE queue_message SET state = 'leased', delivery_id = ?, due_at_ms = ? WHERE id = ?");
    this.#setCount = db.prepare("UPDATE queue_message SET delivery_count = ? WHERE id = ?");
    this.#setCause = db.prepare("UPDATE queue_message SET last_cause = ? WHERE id = ?");
    this.#makeReady = db.prepare(
      "UPDATE queue_message SET state = 'ready', delivery_id = NULL, due_at_ms = NULL WHERE id = ?",
    );
    this.#delay = db.prepare(
      "UPDATE queue_message SET state = 'delayed', delivery_id = NULL, due_at_ms = ? WHERE id = ?",
    );
    this.#nextDeath = db
      .prepare<[number], number>("UPDATE queue SET deaths = deaths + 1 WHERE namespace_id = ? RETURNING deaths")
      .pluck();
    this.#die = db.prepare(
      `UPDATE queue_message SET state = 'dead', delivery_id = NULL, due_at_ms = NULL,
         death = ?, died_at_ms = ?, last_cause = ? WHERE id = ?`,
    );
    this.#deadAfter = db.prepare(
      `SELECT ${columns}, death, died_at_ms AS diedAtMs FROM queue_message
       WHERE namespace_id = ? AND death > ? ORDER BY death LIMIT ?`,
    );
    this.#deadWithId = db
      .prepare<[number, Buffer], number>(
        "SELECT id FROM queue_message WHERE namespace_id = ? AND message_id = ? AND death IS NOT NULL",
      )
      .pluck();
    this.#redrive = db.prepare(
      `UPDATE queue_message SET state = 'ready', delivery_count = 0, last_cause = '', death = NULL, died_at_ms = NULL
       WHERE id = ?`,
    );
    this.#remove = db.prepare("DELETE FROM queue_message WHERE id = ?");
    this.#count = db
      .prepare<[number, string], number>("SELECT count(*) FROM queue_message WHERE namespace_id = ? AND state = ?")
      .pluck();
    this.#tooOld = db.prepare(
      `SELECT id, size_bytes AS sizeBytes FROM queue CROSS JOIN queue_message USING (namespace_id)
       WHERE retention_ms IS NOT NULL AND sent_at_ms <= $nowMs - retention_ms AND ${overdue} LIMIT $rowsMax`,
    );
    this.#ofNamespace = db.prepare(
      "SELECT id, size_bytes AS sizeBytes FROM queue_message WHERE namespace_id = ? LIMIT ?",
    );
    this.#removeQueue = db.prepare("DELETE FROM queue WHERE namespace_id = ?");
  }

  /** The options that a queue is kept with. `undefined`: there is none. */
  kept(namespaceId: number): KeptOptions | undefined {
    const row = this.#kept.get(namespaceId);
    return row && { ...row, retentionMs: row.retentionMs ?? undefined };
  }

  /** Makes a queue, or lets it go on with other options. */
  configure(namespaceId: number, { deduplicationWindowMs, retentionMs }: KeptOptions): void {
    this.#configure.run(namespaceId, deduplicationWindowMs, retentionMs ?? null);
  }

  /** Keeps a message, ready to be received; returns its row. */
  insert(namespaceId: number, message: Message, sentAtMs: number): number {
    const messageId = Buffer.from(message.id);
    const { lastInsertRowid } = this.#insert.run(namespaceId, messageId, messageSizeBytes(message), sentAtMs);
    const row = Number(lastInsertRowid);
    this.content.insert(row, message);
    return row;
  }

  firstReady(namespaceId: number): QueueRow | undefined {
    return this.#firstReady.get(namespaceId);
  }

  /** The message whose lease or delay has ended first. */
  firstDue(namespaceId: number, nowMs: number): QueueRow | undefined {
    return this.#firstDue.get(namespaceId, nowMs);
  }

  /** A ready message that was delivered at least so often. */
  firstWorn(namespaceId: number, deliveries: number): QueueRow | undefined {
    return this.#firstWorn.get(namespaceId, deliveries);
  }

  /** When the next lease or delay ends. */
  nextDueMs(namespaceId: number): number | undefined {
    return this.#nextDueMs.get(namespaceId) ?? undefined;
  }

  /** The message of a delivery whose lease has not ended. */
  leased(namespaceId: number, deliveryId: string, nowMs: number): QueueRow | undefined {
    return this.#leased.get(deliveryId, namespaceId, nowMs);
  }

  lease(id: number, { deliveryId, endsAtMs }: NewLease): void {
    this.#lease.run(deliveryId, endsAtMs, id);
  }

  setCount(id: number, deliveryCount: number): void {
    this.#setCount.run(deliveryCount, id);
  }

  setCause(id: number, cause: string): void {
    this.#setCause.run(cause, id);
  }

  makeReady(id: number): void {
    this.#makeReady.run(id);
  }

  delay(id: number, endsAtMs: number): void {
    this.#delay.run(endsAtMs, id);
  }

  die(namespaceId: number, id: number, { diedAtMs, cause }: { diedAtMs: number; cause: string }): void {
    this.#die.run(this.#nextDeath.get(namespaceId)!, diedAtMs, cause, id);
  }

  /** The dead letters after one, in the order in which they were given up. */
  deadAfter(namespaceId: number, death: number, rowsMax: number): IterableIterator<DeadRow> {
    return this.#deadAfter.iterate(namespaceId, death, rowsMax);
  }

  /** The rows of the dead letters with this message id. */
  deadWithId(namespaceId: number, messageId: Buffer): number[] {
    return this.#deadWithId.all(namespaceId, messageId);
  }

  redrive(id: number): void {
    this.#redrive.run(id);
  }

  remove(id: number): void {
    this.#remove.run(id);
    this.content.remove(id);
  }

  describe(namespaceId: number): QueueDescription {
    const count = (state: QueueRow["state"]) => this.#count.get(namespaceId, state)!;
    return {
      ready: count("ready"),
      leased: count("leased"),
      delayed: count("delayed"),
      dead: count("dead"),
      oldestSentAtMs: this.firstReady(namespaceId)?.sentAtMs,
    };
  }

  /** Messages of all queues that are past the retention of theirs and have no lease. */
  tooOld(nowMs: number, rowsMax: number): IterableIterator<DoomedMessage> {
    return this.#tooOld.iterate({ nowMs, rowsMax });
  }

  hasTooOld(nowMs: number): boolean {
    return this.#tooOld.get({ nowMs, rowsMax: 1 }) !== undefined;
  }

  ofNamespace(namespaceId: number, rowsMax: number): IterableIterator<DoomedMessage> {
    return this.#ofNamespace.iterate(namespaceId, rowsMax);
  }

  /** Forgets a queue that holds nothing any more. */
  removeQueue(namespaceId: number): void {
    this.#removeQueue.run(namespaceId);
  }
}
