import { type IdempotencyToken, idempotencyWindowMs } from "@prism-data/pattern-sdk";
import type { Database, Statement } from "better-sqlite3";
import { tokenStale } from "./errors.js";

interface KeptToken extends IdempotencyToken {
  readonly etag: string;
}

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
    this.#keep = db.prepare("INSERT OR REPLACE INTO token VALUES (?, ?, ?, ?, ?, ?)");
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
    const kept = this.#find.get(place.namespaceId, place.key, nowMs);
    if (kept === undefined) return undefined;
    const age = compareTokens(token, kept);
    if (age < 0) throw tokenStale(place.key.toString());
    return age === 0 ? kept.etag : undefined;
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

/** By time, then by nonce: below 0 when `a` is older. */
function compareTokens(a: IdempotencyToken, b: IdempotencyToken): number {
  if (a.timeMicros !== b.timeMicros) return a.timeMicros < b.timeMicros ? -1 : 1;
  return Buffer.compare(a.nonce, b.nonce);
}
