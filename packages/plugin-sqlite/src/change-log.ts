import type { Database, Statement } from "better-sqlite3";
import type { EntryContent } from "./entry-table.js";

/**
 * How long a lease lasts unless it is renewed, in ms: longer than any pause of a healthy process, and the log's only bound for a
 * dead one.
 */
export const leaseMs = 15_000;

/** A change as the log keeps it. */
export type LoggedChange = {
  readonly seq: number;
  readonly namespaceId: number;
  readonly key: Buffer;
} & ({ readonly kind: "deleted" | "expired" } | ({ readonly kind: "set" } & EntryContent));

/** Says that a process has to see every change of a namespace after a position. */
export interface Lease {
  readonly process: string;
  readonly namespaceId: number;
  readonly position: number;
  readonly endsAtMs: number;
}

/**
 * The changes that processes with a lease on their namespace have not all seen yet.
 *
 * Several processes may have the file open: while one replaces another, each sees the other's changes through this log, in
 * the order of the commits. Nothing is logged for a namespace that nobody watches. Invariant: a change after a lease's
 * position is in the log for as long as the lease is there. Everything that writes runs inside a transaction.
 */
export class ChangeLog {
  readonly #watched: Statement<[], number>;
  readonly #append: Statement<[number, string, Buffer, string | null, number | null, Uint8Array | null]>;
  readonly #head: Statement<[], number>;
  readonly #readAfter: Statement<[number], LoggedChange>;
  readonly #leased: Statement<[string], number>;
  readonly #take: Statement<[string, number, number, number]>;
  readonly #renew: Statement<[number, string, number]>;
  readonly #advance: Statement<[number, string]>;
  readonly #release: Statement<[string, number]>;
  readonly #dropLapsed: Statement<[string, number]>;
  readonly #hasLapsed: Statement<[string, number], number>;
  readonly #trim: Statement<[]>;
  readonly #removeNamespace: Statement<[number]>;
  #watchedNow: ReadonlySet<number> = new Set();

  constructor(db: Database) {
    this.#watched = db.prepare<[], number>("SELECT DISTINCT namespace_id FROM lease").pluck();
    this.#append = db.prepare(
      "INSERT INTO change (namespace_id, kind, key, etag, expires_at_ms, value) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.#head = db
      .prepare<[], number>("SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'change'), 0)")
      .pluck();
    this.#readAfter = db.prepare(
      `SELECT seq, namespace_id AS namespaceId, kind, key, etag, expires_at_ms AS expiresAtMs, value
       FROM change WHERE seq > ? ORDER BY seq`,
    );
    this.#leased = db.prepare<[string], number>("SELECT namespace_id FROM lease WHERE process = ?").pluck();
    this.#take = db.prepare(
      `INSERT INTO lease VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
       SET position = min(position, excluded.position), ends_at_ms = excluded.ends_at_ms`,
    );
    this.#renew = db.prepare("UPDATE lease SET ends_at_ms = ? WHERE process = ? AND namespace_id = ?");
    this.#advance = db.prepare("UPDATE lease SET position = ? WHERE process = ?");
    this.#release = db.prepare("DELETE FROM lease WHERE process = ? AND namespace_id = ?");
    this.#dropLapsed = db.prepare("DELETE FROM lease WHERE process <> ? AND ends_at_ms <= ?");
    this.#hasLapsed = db
      .prepare<[string, number], number>("SELECT EXISTS (SELECT 1 FROM lease WHERE process <> ? AND ends_at_ms <= ?)")
      .pluck();
    this.#trim = db.prepare(
      "DELETE FROM change WHERE seq <= (SELECT ifnull(min(position), 9223372036854775807) FROM lease)",
    );
    this.#removeNamespace = db.prepare("DELETE FROM lease WHERE namespace_id = ?");
  }

  /** Learns at the start of a transaction what is watched: nobody else can change that until it ends. */
  refresh(): void {
    this.#watchedNow = new Set(this.#watched.all());
  }

  set(namespaceId: number, key: Buffer, { etag, expiresAtMs, value }: EntryContent): void {
    if (this.#watchedNow.has(namespaceId)) this.#append.run(namespaceId, "set", key, etag, expiresAtMs, value);
  }

  gone(namespaceId: number, key: Buffer, kind: "deleted" | "expired"): void {
    if (this.#watchedNow.has(namespaceId)) this.#append.run(namespaceId, kind, key, null, null, null);
  }

  /** The position after the last change. */
  head(): number {
    return this.#head.get()!;
  }

  readAfter(position: number): IterableIterator<LoggedChange> {
    return this.#readAfter.iterate(position);
  }

  /** The namespaces that a process has a lease on. */
  leased(process: string): Set<number> {
    return new Set(this.#leased.all(process));
  }

  /** Takes a lease; from here on the transaction's own changes are logged for it. */
  take({ process, namespaceId, position, endsAtMs }: Lease): void {
    this.#take.run(process, namespaceId, position, endsAtMs);
    this.refresh();
  }

  /** Makes a lease last longer. One that was taken away stays away. */
  renew({ process, namespaceId, endsAtMs }: Omit<Lease, "position">): void {
    this.#renew.run(endsAtMs, process, namespaceId);
  }

  release(process: string, namespaceId: number): void {
    this.#release.run(process, namespaceId);
    this.#leasesRemoved();
  }

  /** Notes how far a process has read. */
  advance(process: string, position: number): void {
    this.#advance.run(position, process);
    this.#trim.run();
  }

  /** Whether another process has a lease that has ended. */
  hasLapsed(process: string, nowMs: number): boolean {
    return this.#hasLapsed.get(process, nowMs) === 1;
  }

  /** Takes the leases of other processes away that have ended. */
  dropLapsed(process: string, nowMs: number): void {
    if (this.#dropLapsed.run(process, nowMs).changes > 0) this.#leasesRemoved();
  }

  /** Forgets all leases on a namespace. */
  removeNamespace(namespaceId: number): void {
    this.#removeNamespace.run(namespaceId);
    this.#leasesRemoved();
  }

  /** Nothing more is logged for them, and nothing of what was is kept. */
  #leasesRemoved(): void {
    this.refresh();
    this.#trim.run();
  }
}
