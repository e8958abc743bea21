import type { KeyRange } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";

/** An entry without its value. */
export interface EntryRow {
  readonly id: number;
  readonly etag: string;
  readonly expiresAtMs: number | null;
}

/** What to write under a key. */
export interface EntryContent {
  readonly value: Uint8Array;
  readonly etag: string;
  readonly expiresAtMs: number | null;
}

/** An entry as it is read. */
export interface StoredEntry extends EntryContent {
  readonly value: Buffer;
}

/** An entry as a scan reads it. */
export interface KeyedRow extends StoredEntry {
  readonly key: Buffer;
}

/** An entry that has to go. */
export interface DoomedRow {
  readonly id: number;
  readonly namespaceId: number;
  readonly key: Buffer;
  readonly valueBytes: number;
}

type Place = [namespaceId: number, key: Buffer];
type Slice = [namespaceId: number, start: Buffer, end: Buffer, nowMs: number];

const live = "(expires_at_ms IS NULL OR expires_at_ms > ?)";
const inRange = "namespace_id = ? AND key >= ? AND key < ?";

/** The statements on the table `entry`. Those that take `nowMs` do not see what has expired by then. */
export class EntryTable {
  readonly #get: Statement<[...Place, number], StoredEntry>;
  readonly #find: Statement<Place, EntryRow>;
  readonly #value: Statement<[number], Buffer>;
  readonly #insert: Statement<[...Place, string, number | null, Uint8Array]>;
  readonly #update: Statement<[string, number | null, Uint8Array, number]>;
  readonly #setExpiry: Statement<[number | null, number]>;
  readonly #remove: Statement<[number]>;
  readonly #page: Statement<Slice, KeyedRow>;
  readonly #keysPage: Statement<Slice, KeyedRow>;
  readonly #count: Statement<[number, Buffer, Buffer, number, number, Buffer, Buffer], number>;
  readonly #expired: Statement<[number, number], DoomedRow>;
  readonly #ofNamespace: Statement<[number, number], DoomedRow>;

  constructor(db: Database) {
    const columns = "etag, expires_at_ms AS expiresAtMs";
    const doomed = "id, namespace_id AS namespaceId, key, length(value) AS valueBytes";
    this.#get = db.prepare(`SELECT ${columns}, value FROM entry WHERE namespace_id = ? AND key = ? AND ${live}`);
    this.#find = db.prepare(`SELECT id, ${columns} FROM entry WHERE namespace_id = ? AND key = ?`);
    this.#value = db.prepare<[number], Buffer>("SELECT value FROM entry WHERE id = ?").pluck();
    this.#insert = db.prepare(
      "INSERT INTO entry (namespace_id, key, etag, expires_at_ms, value) VALUES (?, ?, ?, ?, ?)",
    );
    this.#update = db.prepare("UPDATE entry SET etag = ?, expires_at_ms = ?, value = ? WHERE id = ?");
    this.#setExpiry = db.prepare("UPDATE entry SET expires_at_ms = ? WHERE id = ?");
    this.#remove = db.prepare("DELETE FROM entry WHERE id = ?");
    this.#page = db.prepare(`SELECT key, ${columns}, value FROM entry WHERE ${inRange} AND ${live} ORDER BY key`);
    this.#keysPage = db.prepare(
      `SELECT key, ${columns}, x'' AS value FROM entry WHERE ${inRange} AND ${live} ORDER BY key`,
    );
    // Both counts read indexes only; asking each row whether it has expired would read the whole table.
    this.#count = db
      .prepare<[number, Buffer, Buffer, number, number, Buffer, Buffer], number>(
        `SELECT (SELECT count(*) FROM entry WHERE ${inRange})
              - (SELECT count(*) FROM entry INDEXED BY entry_by_expiry WHERE expires_at_ms <= ? AND ${inRange})`,
      )
      .pluck();
    this.#expired = db.prepare(`SELECT ${doomed} FROM entry WHERE expires_at_ms <= ? ORDER BY expires_at_ms LIMIT ?`);
    this.#ofNamespace = db.prepare(`SELECT ${doomed} FROM entry WHERE namespace_id = ? LIMIT ?`);
  }

  get(namespaceId: number, key: Buffer, nowMs: number): StoredEntry | undefined {
    return this.#get.get(namespaceId, key, nowMs);
  }

  /** Finds an entry whether or not it has expired. */
  find(namespaceId: number, key: Buffer): EntryRow | undefined {
    return this.#find.get(namespaceId, key);
  }

  value(id: number): Buffer {
    return this.#value.get(id)!;
  }

  insert(namespaceId: number, key: Buffer, { etag, expiresAtMs, value }: EntryContent): void {
    this.#insert.run(namespaceId, key, etag, expiresAtMs, value);
  }

  update(id: number, { etag, expiresAtMs, value }: EntryContent): void {
    this.#update.run(etag, expiresAtMs, value, id);
  }

  setExpiry(id: number, expiresAtMs: number | null): void {
    this.#setExpiry.run(expiresAtMs, id);
  }

  remove(id: number): void {
    this.#remove.run(id);
  }

  /** The entries of a range in the order of their keys' bytes, read as far as the caller asks. */
  inOrder(namespaceId: number, { start, end }: KeyRange, nowMs: number): IterableIterator<KeyedRow> {
    return this.#page.iterate(namespaceId, start, end, nowMs);
  }

  /** The same with empty values. */
  keysInOrder(namespaceId: number, { start, end }: KeyRange, nowMs: number): IterableIterator<KeyedRow> {
    return this.#keysPage.iterate(namespaceId, start, end, nowMs);
  }

  count(namespaceId: number, { start, end }: KeyRange, nowMs: number): number {
    return this.#count.get(namespaceId, start, end, nowMs, namespaceId, start, end)!;
  }

  /** Entries of all namespaces that have expired, the earliest first. */
  expired(nowMs: number, rowsMax: number): IterableIterator<DoomedRow> {
    return this.#expired.iterate(nowMs, rowsMax);
  }

  ofNamespace(namespaceId: number, rowsMax: number): IterableIterator<DoomedRow> {
    return this.#ofNamespace.iterate(namespaceId, rowsMax);
  }
}
