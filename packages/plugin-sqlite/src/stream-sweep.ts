import type { Database, Statement } from "better-sqlite3";
import type { RecordRow, StreamTable } from "./stream-table.js";
import { rowsPerSliceMax, slice } from "./sweep-slice.js";

/** How long the deletion of a key stays in a compacted log, so that whoever reads along learns of it: one hour. */
const deletionKeptMs = 3_600_000;

interface Overfull {
  readonly partitionId: number;
  readonly retentionBytes: number;
}

interface Uncompacted {
  readonly partitionId: number;
  readonly compactedTo: number;
  readonly nextOffset: number;
}

interface KeyedRow {
  readonly offset: number;
  readonly appendedAtMs: number;
  readonly key: Buffer;
  readonly isDeletion: 0 | 1;
}

/** Really removes what is over in the logs of a file: by age, by size, by a newer record of the key, or with its namespace. */
export class StreamSweep {
  readonly #table: StreamTable;
  readonly #tooOld: Statement<[{ nowMs: number; rowsMax: number }], RecordRow>;
  readonly #behind: Statement<[number], RecordRow>;
  readonly #overfull: Statement<[], Overfull>;
  readonly #uncompacted: Statement<[], Uncompacted>;
  readonly #keyed: Statement<[number, number, number], KeyedRow>;
  readonly #lastOfKey: Statement<[number, Buffer], number>;
  readonly #keepLast: Statement<[number, Buffer, number, number | null]>;
  readonly #compactedTo: Statement<[number, number]>;
  readonly #ended: Statement<[number, number], RecordRow>;
  readonly #ofNamespace: Statement<[number, number], { id: number; sizeBytes: number }>;
  readonly #removeRecord: Statement<[number]>;
  readonly #removeKeys: Statement<[number, number]>;
  readonly #removeLog: readonly Statement<[number]>[];

  constructor(db: Database, table: StreamTable) {
    this.#table = table;
    const partitions = "stream_log l CROSS JOIN stream_partition p USING (namespace_id)";
    this.#tooOld = db.prepare(
      `SELECT p.id AS partitionId, r."offset", r.size_bytes AS sizeBytes
       FROM ${partitions} CROSS JOIN stream_record r ON r.partition_id = p.id
       WHERE l.retention_ms IS NOT NULL AND r.appended_at_ms <= $nowMs - l.retention_ms LIMIT $rowsMax`,
    );
    this.#behind = db.prepare(
      `SELECT p.id AS partitionId, r."offset", r.size_bytes AS sizeBytes
       FROM stream_partition p CROSS JOIN stream_record r ON r.partition_id = p.id AND r."offset" < p.retained_from LIMIT ?`,
    );
    this.#overfull = db.prepare(
      `SELECT p.id AS partitionId, l.retention_bytes AS retentionBytes FROM ${partitions}
       WHERE p.size_bytes > l.retention_bytes AND EXISTS (
         SELECT 1 FROM stream_record r WHERE r.partition_id = p.id AND r."offset" < p.next_offset - 1) LIMIT 1`,
    );
    this.#uncompacted = db.prepare(
      `SELECT p.id AS partitionId, p.compacted_to AS compactedTo, p.next_offset AS nextOffset FROM ${partitions}
       WHERE l.compaction = 1 AND p.compacted_to < p.next_offset LIMIT 1`,
    );
    this.#keyed = db.prepare(
      `SELECT "offset", appended_at_ms AS appendedAtMs, key, length(payload) = 0 AS isDeletion
       FROM stream_record WHERE partition_id = ? AND "offset" >= ? ORDER BY "offset" LIMIT ?`,
    );
    this.#lastOfKey = db
      .prepare<[number, Buffer], number>('SELECT "offset" FROM stream_last_of_key WHERE partition_id = ? AND key = ?')
      .pluck();
    this.#keepLast = db.prepare("INSERT OR REPLACE INTO stream_last_of_key VALUES (?, ?, ?, ?)");
    this.#compactedTo = db.prepare("UPDATE stream_partition SET compacted_to = ? WHERE id = ?");
    this.#ended = db.prepare(
      `SELECT p.id AS partitionId, k."offset", 0 AS sizeBytes
       FROM ${partitions} CROSS JOIN stream_last_of_key k ON k.partition_id = p.id
       WHERE l.compaction = 1 AND k.forget_at_ms <= ? LIMIT ?`,
    );
    this.#ofNamespace = db.prepare(
      `SELECT r.id, r.size_bytes AS sizeBytes FROM stream_partition p CROSS JOIN stream_record r ON r.partition_id = p.id
       WHERE p.namespace_id = ? LIMIT ?`,
    );
    this.#removeRecord = db.prepare("DELETE FROM stream_record WHERE id = ?");
    this.#removeKeys = db.prepare(
      `DELETE FROM stream_last_of_key WHERE (partition_id, key) IN (
         SELECT k.partition_id, k.key FROM stream_partition p CROSS JOIN stream_last_of_key k ON k.partition_id = p.id
         WHERE p.namespace_id = ? LIMIT ?)`,
    );
    this.#removeLog = ["stream_partition", "stream_log"].map((table) =>
      db.prepare(`DELETE FROM ${table} WHERE namespace_id = ?`),
    );
  }

  /** Whether there is something to remove. */
  hasWork(nowMs: number): boolean {
    return (
      this.#tooOld.get({ nowMs, rowsMax: 1 }) !== undefined ||
      this.#behind.get(1) !== undefined ||
      this.#overfull.get() !== undefined ||
      this.#uncompacted.get() !== undefined ||
      this.#ended.get(nowMs, 1) !== undefined
    );
  }

  /** Removes as much as one slice may. */
  removeSlice(nowMs: number): void {
    const tooOld = slice(this.#tooOld.iterate({ nowMs, rowsMax: rowsPerSliceMax }), ({ sizeBytes }) => sizeBytes);
    for (const { partitionId, offset } of tooOld) this.#table.removeOldest(partitionId, offset);
    const behind = slice(this.#behind.iterate(rowsPerSliceMax), ({ sizeBytes }) => sizeBytes);
    for (const { partitionId, offset } of behind) this.#table.remove(partitionId, offset);
    const overfull = this.#overfull.get();
    if (overfull !== undefined) this.#table.keepWithin(overfull.partitionId, overfull.retentionBytes, rowsPerSliceMax);
    const uncompacted = this.#uncompacted.get();
    if (uncompacted !== undefined) this.#compact(uncompacted);
    const ended = this.#ended.all(nowMs, rowsPerSliceMax);
    for (const { partitionId, offset } of ended) this.#table.remove(partitionId, offset);
  }

  /** Removes as much of a namespace as one slice may; returns how many rows. None: nothing is left of it. */
  removeNamespace(namespaceId: number): number {
    const doomed = slice(this.#ofNamespace.iterate(namespaceId, rowsPerSliceMax), ({ sizeBytes }) => sizeBytes);
    for (const { id } of doomed) this.#removeRecord.run(id);
    const removed = doomed.length || this.#removeKeys.run(namespaceId, rowsPerSliceMax).changes;
    if (removed === 0) for (const statement of this.#removeLog) statement.run(namespaceId);
    return removed;
  }

  /** Goes on where the last slice ended: of two records of a key the older one goes. */
  #compact({ partitionId, compactedTo, nextOffset }: Uncompacted): void {
    const rows = this.#keyed.all(partitionId, compactedTo, rowsPerSliceMax);
    for (const { offset, appendedAtMs, key, isDeletion } of rows) {
      if (key.length === 0) continue;
      const before = this.#lastOfKey.get(partitionId, key);
      if (before !== undefined) this.#table.remove(partitionId, before);
      this.#keepLast.run(partitionId, key, offset, isDeletion ? appendedAtMs + deletionKeptMs : null);
    }
    const isDone = rows.length < rowsPerSliceMax;
    this.#compactedTo.run(isDone ? nextOffset : rows.at(-1)!.offset + 1, partitionId);
  }
}
