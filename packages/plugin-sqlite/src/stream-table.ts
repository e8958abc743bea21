import { type Message, messageSizeBytes, type StreamOptions } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";
import { readHeaders, writtenHeaders } from "./written-headers.js";

/** One partition of a log. */
export interface PartitionRow {
  readonly id: number;
  readonly nextOffset: number;
  /** Records before this were removed by retention, or are too old. */
  readonly retainedFrom: number;
  /** Whether records between the first and the last may be missing. */
  readonly hasGaps: 0 | 1;
}

/** What a log is kept with, as the file has it. */
interface KeptRow {
  readonly partitions: number;
  readonly compaction: 0 | 1;
  readonly retentionMs: number | null;
  readonly retentionBytes: number | null;
}

/** A record without what it says. */
export interface RecordRow {
  readonly partitionId: number;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A record as it is read. */
export interface StoredRecord {
  readonly offset: number;
  readonly appendedAtMs: number;
  readonly sizeBytes: number;
  readonly message: Message;
}

/** Which records to read of a partition. */
export interface RecordRange {
  readonly from: number;
  /** Exclusive. */
  readonly end: number;
  readonly rowsMax: number;
}

interface ContentRow {
  readonly offset: number;
  readonly appendedAtMs: number;
  readonly sizeBytes: number;
  readonly messageId: Buffer;
  readonly key: Buffer;
  readonly contentType: string;
  readonly headers: string;
  readonly payload: Buffer;
}

type RecordColumns = [number, number, number, number, Buffer, Buffer, string, string, Uint8Array];

/** The statements on the logs of a file and their records. Those that change something run inside a transaction. */
export class StreamTable {
  readonly #kept: Statement<[number], KeptRow>;
  readonly #configure: Statement<[number, number, number, number | null, number | null]>;
  readonly #makePartition: Statement<[number, number]>;
  readonly #ids: Statement<[number], number>;
  readonly #count: Statement<[number, number, number], { offset: number; appendedAtMs: number }>;
  readonly #insert: Statement<RecordColumns>;
  readonly #partition: Statement<[{ id: number; tooOldMs: number | null }], PartitionRow>;
  readonly #records: Statement<[number, number, number, number], ContentRow>;
  readonly #firstFrom: Statement<[number, number], number>;
  readonly #firstSince: Statement<[number, number], number>;
  readonly #countFrom: Statement<[number, number], number>;
  readonly #oldestOver: Statement<[number, number], number>;
  readonly #remove: Statement<[number, number], { sizeBytes: number; key: Buffer }>;
  readonly #shrink: Statement<[number, number]>;
  readonly #retain: Statement<[number, number]>;
  readonly #forgetKey: Statement<[number, Buffer, number]>;

  constructor(db: Database) {
    this.#kept = db.prepare(
      `SELECT partitions, compaction, retention_ms AS retentionMs, retention_bytes AS retentionBytes FROM stream_log
       WHERE namespace_id = ?`,
    );
    this.#configure = db.prepare(
      `INSERT INTO stream_log VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET compaction = excluded.compaction,
         retention_ms = excluded.retention_ms, retention_bytes = excluded.retention_bytes`,
    );
    this.#makePartition = db.prepare(
      "INSERT INTO stream_partition (namespace_id, partition) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    this.#ids = db
      .prepare<[number], number>("SELECT id FROM stream_partition WHERE namespace_id = ? ORDER BY partition")
      .pluck();
    this.#count = db.prepare(
      `UPDATE stream_partition SET next_offset = next_offset + 1, size_bytes = size_bytes + ?, last_ms = max(last_ms, ?)
       WHERE id = ? RETURNING next_offset - 1 AS "offset", last_ms AS appendedAtMs`,
    );
    this.#insert = db.prepare(
      `INSERT INTO stream_record
         (partition_id, "offset", appended_at_ms, size_bytes, message_id, key, content_type, headers, payload)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#partition = db.prepare(
      `SELECT id, next_offset AS nextOffset, compacted_to > 0 AS hasGaps, max(retained_from, ifnull((
         SELECT "offset" + 1 FROM stream_record WHERE partition_id = $id AND appended_at_ms <= $tooOldMs
         ORDER BY appended_at_ms DESC, "offset" DESC LIMIT 1), 0)) AS retainedFrom
       FROM stream_partition WHERE id = $id`,
    );
    this.#records = db.prepare(
      `SELECT "offset", appended_at_ms AS appendedAtMs, size_bytes AS sizeBytes, message_id AS messageId, key,
         content_type AS contentType, headers, payload
       FROM stream_record WHERE partition_id = ? AND "offset" >= ? AND "offset" < ? ORDER BY "offset" LIMIT ?`,
    );
    this.#firstFrom = db
      .prepare<[number, number], number>(
        'SELECT "offset" FROM stream_record WHERE partition_id = ? AND "offset" >= ? ORDER BY "offset" LIMIT 1',
      )
      .pluck();
    this.#firstSince = db
      .prepare<[number, number], number>(
        `SELECT "offset" FROM stream_record WHERE partition_id = ? AND appended_at_ms >= ?
         ORDER BY appended_at_ms, "offset" LIMIT 1`,
      )
      .pluck();
    this.#countFrom = db
      .prepare<[number, number], number>('SELECT count(*) FROM stream_record WHERE partition_id = ? AND "offset" >= ?')
      .pluck();
    this.#oldestOver = db
      .prepare<[number, number], number>(
        `SELECT r."offset" FROM stream_partition p JOIN stream_record r ON r.partition_id = p.id
         WHERE p.id = ? AND p.size_bytes > ? AND r."offset" < p.next_offset - 1 ORDER BY r."offset" LIMIT 1`,
      )
      .pluck();
    this.#remove = db.prepare(
      'DELETE FROM stream_record WHERE partition_id = ? AND "offset" = ? RETURNING size_bytes AS sizeBytes, key',
    );
    this.#shrink = db.prepare("UPDATE stream_partition SET size_bytes = size_bytes - ? WHERE id = ?");
    this.#retain = db.prepare("UPDATE stream_partition SET retained_from = max(retained_from, ?) WHERE id = ?");
    this.#forgetKey = db.prepare('DELETE FROM stream_last_of_key WHERE partition_id = ? AND key = ? AND "offset" = ?');
  }

  /** The options that a log is kept with. `undefined`: there is none. */
  kept(namespaceId: number): StreamOptions | undefined {
    const row = this.#kept.get(namespaceId);
    if (row === undefined) return undefined;
    const { partitions, compaction, retentionMs, retentionBytes } = row;
    return {
      ...{ partitions, compaction: compaction === 1 },
      ...{ retentionMs: retentionMs ?? undefined, retentionBytes: retentionBytes ?? undefined },
    };
  }

  /** Makes a log, or lets it go on with other options; its partitions stay. What is too old by the options of before does not come back. */
  configure(namespaceId: number, options: StreamOptions, nowMs: number): void {
    const { partitions, compaction, retentionMs, retentionBytes } = options;
    const retentionMsBefore = this.kept(namespaceId)?.retentionMs;
    if (retentionMsBefore !== undefined)
      for (const id of this.partitionIds(namespaceId)) this.#age(id, nowMs - retentionMsBefore);
    this.#configure.run(namespaceId, partitions, Number(compaction), retentionMs ?? null, retentionBytes ?? null);
    for (let partition = 0; partition < partitions; partition++) this.#makePartition.run(namespaceId, partition);
  }

  /** By partition. */
  partitionIds(namespaceId: number): number[] {
    return this.#ids.all(namespaceId);
  }

  /** Adds a record at the end; returns its offset. `undefined`: the log was removed. */
  append(partitionId: number, message: Message, nowMs: number): number | undefined {
    const sizeBytes = messageSizeBytes(message);
    const place = this.#count.get(sizeBytes, nowMs, partitionId);
    if (place === undefined) return undefined;
    const { id, key, contentType, headers, payload } = message;
    const columns: RecordColumns = [
      partitionId,
      place.offset,
      place.appendedAtMs,
      sizeBytes,
      Buffer.from(id),
      Buffer.from(key),
      contentType,
      writtenHeaders(headers),
      payload,
    ];
    this.#insert.run(...columns);
    return place.offset;
  }

  /** What there is of a partition when records of `tooOldMs` and before do not count. `undefined`: the log was removed. */
  partition(id: number, tooOldMs: number | undefined): PartitionRow | undefined {
    return this.#partition.get({ id, tooOldMs: tooOldMs ?? null });
  }

  /** Records in order of their offsets, read as far as the caller asks. */
  *records(partitionId: number, { from, end, rowsMax }: RecordRange): Generator<StoredRecord, void, undefined> {
    for (const row of this.#records.iterate(partitionId, from, end, rowsMax)) {
      const { offset, appendedAtMs, sizeBytes, messageId, key, headers, ...content } = row;
      const message = { id: messageId.toString(), key: key.toString(), headers: readHeaders(headers), ...content };
      yield { offset, appendedAtMs, sizeBytes, message };
    }
  }

  /** The first offset from this one on that a record has. */
  firstFrom(partitionId: number, offset: number): number | undefined {
    return this.#firstFrom.get(partitionId, offset);
  }

  /** The offset of the first record that was appended at this time or later. */
  firstSince(partitionId: number, timeMs: number): number | undefined {
    return this.#firstSince.get(partitionId, timeMs);
  }

  countFrom(partitionId: number, offset: number): number {
    return this.#countFrom.get(partitionId, offset)!;
  }

  /** Removes the oldest records that are too many for so many bytes, `rowsMax` at most; the newest stays however large it is. */
  keepWithin(partitionId: number, sizeBytes: number, rowsMax: number): void {
    for (let removed = 0; removed < rowsMax; removed++) {
      const offset = this.#oldestOver.get(partitionId, sizeBytes);
      if (offset === undefined) return;
      this.removeOldest(partitionId, offset);
    }
  }

  /** Removes a record, and with it the offsets before it. */
  removeOldest(partitionId: number, offset: number): void {
    this.remove(partitionId, offset);
    this.#retain.run(offset + 1, partitionId);
  }

  /** Removes a record that may be gone already. */
  remove(partitionId: number, offset: number): void {
    const removed = this.#remove.get(partitionId, offset);
    if (removed === undefined) return;
    this.#shrink.run(removed.sizeBytes, partitionId);
    if (removed.key.length > 0) this.#forgetKey.run(partitionId, removed.key, offset);
  }
  #age(id: number, tooOldMs: number): void {
    const { retainedFrom } = this.partition(id, tooOldMs)!;
    this.#retain.run(retainedFrom, id);
  }
}
