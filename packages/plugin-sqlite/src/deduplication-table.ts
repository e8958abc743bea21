import type { Database, Statement } from "better-sqlite3";

/** The deduplication ids that the queues of a file have seen lately, each with the message that it came with. */
export class DeduplicationTable {
  readonly #find: Statement<[number, Buffer, number], Buffer>;
  readonly #keep: Statement<[number, Buffer, Buffer, number]>;
  readonly #hasEnded: Statement<[number], number>;
  readonly #removeEnded: Statement<[number, number]>;
  readonly #removeNamespace: Statement<[number, number]>;

  constructor(db: Database) {
    const ended = `FROM queue CROSS JOIN queue_deduplication USING (namespace_id)
       WHERE sent_at_ms <= ? - deduplication_window_ms`;
    this.#find = db
      .prepare<[number, Buffer, number], Buffer>(
        `SELECT message_id FROM queue_deduplication
         WHERE namespace_id = ? AND deduplication_id = ? AND sent_at_ms > ?`,
      )
      .pluck();
    this.#keep = db.prepare(
      `INSERT INTO queue_deduplication VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET message_id = excluded.message_id,
         sent_at_ms = excluded.sent_at_ms`,
    );
    this.#hasEnded = db.prepare<[number], number>(`SELECT EXISTS (SELECT 1 ${ended})`).pluck();
    this.#removeEnded = db.prepare(
      `DELETE FROM queue_deduplication WHERE (namespace_id, deduplication_id) IN
         (SELECT namespace_id, deduplication_id ${ended} LIMIT ?)`,
    );
    this.#removeNamespace = db.prepare(
      `DELETE FROM queue_deduplication WHERE (namespace_id, deduplication_id) IN
         (SELECT namespace_id, deduplication_id FROM queue_deduplication WHERE namespace_id = ? LIMIT ?)`,
    );
  }

  /** The id of the message that was sent with this one after `sinceMs`. */
  messageIdOf(namespaceId: number, deduplicationId: string, sinceMs: number): string | undefined {
    return this.#find.get(namespaceId, Buffer.from(deduplicationId), sinceMs)?.toString();
  }

  keep(
    namespaceId: number,
    { deduplicationId, messageId }: { deduplicationId: string; messageId: string },
    sentAtMs: number,
  ): void {
    this.#keep.run(namespaceId, Buffer.from(deduplicationId), Buffer.from(messageId), sentAtMs);
  }

  hasEnded(nowMs: number): boolean {
    return this.#hasEnded.get(nowMs) === 1;
  }

  /** Removes ids whose window has passed. */
  removeEnded(nowMs: number, rowsMax: number): void {
    this.#removeEnded.run(nowMs, rowsMax);
  }

  /** Returns how many were removed. */
  removeNamespace(namespaceId: number, rowsMax: number): number {
    return this.#removeNamespace.run(namespaceId, rowsMax).changes;
  }
}
