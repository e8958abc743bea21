import { type IdempotencyToken, idempotencyWindowMs, type KeptToken, replayedEtag } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";

type Place = [namespaceId: number, key: Buffer];

/** The last idempotency token of each key with the etag that its write gave; kept for the window whatever becomes of the key. */
export class TokenTable {
  readonly #find: Statement<[...Place, number], KeptToken>;
  readonly #keep: Statement<[...Place, bigint, Uint8Array, string, number]>;
  readonly #removeEnded: Statement<[number, number]>;
  readonly #removeNamespace: Statement<[number, number]>;

  constructor(db: Database) {
    this.#find = db
      .prepare<[...Place, number], KeptToken>(
        `SELECT time_micros AS timeMicros, nonce, etag FROM token
         WHERE namespace_id = ? AND key = ? AND kept_until_ms > ?`,
      )
      // Microseconds since the epoch do not fit a JavaScript number for every year that a timestamp may name.
      .safeIntegers();
    this.#keep = db.prepare(
      `INSERT INTO token VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET time_micros = excluded.time_micros,
         nonce = excluded.nonce, etag = excluded.etag, kept_until_ms = excluded.kept_until_ms`,
    );
    this.#removeEnded = db.prepare(
      `DELETE FROM token WHERE (namespace_id, key) IN
         (SELECT namespace_id, key FROM token WHERE kept_until_ms <= ? LIMIT ?)`,
    );
    this.#removeNamespace = db.prepare(
      `DELETE FROM token WHERE (namespace_id, key) IN
         (SELECT namespace_id, key FROM token WHERE namespace_id = ? LIMIT ?)`,
    );
  }

  /** The etag that this very write gave before; `undefined` when it is a new write. Throws when a newer one was applied. */
  replayedEtag(
    place: { namespaceId: number; key: Buffer },
    token: IdempotencyToken,
    nowMs: number,
  ): string | undefined {
    return replayedEtag(place.key.toString(), token, this.#find.get(place.namespaceId, place.key, nowMs));
  }

  keep(place: { namespaceId: number; key: Buffer }, { timeMicros, nonce, etag }: KeptToken, nowMs: number): void {
    this.#keep.run(place.namespaceId, place.key, timeMicros, nonce, etag, nowMs + idempotencyWindowMs);
  }

  /** Removes tokens whose window has passed; returns how many. */
  removeEnded(nowMs: number, rowsMax: number): number {
    return this.#removeEnded.run(nowMs, rowsMax).changes;
  }

  removeNamespace(namespaceId: number, rowsMax: number): number {
    return this.#removeNamespace.run(namespaceId, rowsMax).changes;
  }
}
