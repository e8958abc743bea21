import { type IdempotencyToken, idempotencyWindowMs, type KeptToken, replayedEtag } from "@prism-data/pattern-sdk";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { ExpiryQueue, type Scheduled } from "./expiry-queue.js";

/** What a record takes beside its key, as measured: map and expiry queue, the record, token and etag. */
const recordOverheadBytes = 512;

interface TokenRecord extends KeptToken {
  readonly key: string;
  readonly sizeBytes: number;
}

/**
 * The last idempotency token of each key of a namespace, with the etag that its write gave.
 *
 * A record lives for the idempotency window whatever becomes of its key, and counts against the backend's bytes.
 */
export class TokenRecords {
  readonly #budget: ByteBudget;
  readonly #records = new Map<string, Scheduled<TokenRecord>>();
  readonly #expiry: ExpiryQueue<TokenRecord>;

  constructor(budget: ByteBudget, clock: Clock) {
    this.#budget = budget;
    this.#expiry = new ExpiryQueue(clock, (record) => this.#forget(record));
  }

  /** The etag that this very write gave before; `undefined` when it is a new write. Throws when a newer one was applied. */
  replayedEtag(key: string, token: IdempotencyToken, nowMs: number): string | undefined {
    return replayedEtag(key, token, this.#live(key, nowMs));
  }

  /** The bytes that keeping a token of this key would add. */
  growthBytes(key: string, nowMs: number): number {
    return this.#live(key, nowMs) === undefined ? recordSizeBytes(key) : 0;
  }

  keep(key: string, token: IdempotencyToken, etag: string, nowMs: number): void {
    const replaced = this.#records.get(key);
    if (replaced !== undefined) {
      this.#expiry.cancel(replaced);
      this.#forget(replaced.item);
    }
    const { timeMicros } = token;
    const nonce = new Uint8Array(token.nonce);
    const record: TokenRecord = { key, timeMicros, nonce, etag, sizeBytes: recordSizeBytes(key) };
    this.#budget.add(record.sizeBytes);
    this.#records.set(key, this.#expiry.schedule(record, nowMs + idempotencyWindowMs));
  }

  clear(): void {
    for (const { item } of this.#records.values()) this.#budget.add(-item.sizeBytes);
    this.#records.clear();
    this.#expiry.clear();
  }

  #live(key: string, nowMs: number): TokenRecord | undefined {
    const scheduled = this.#records.get(key);
    return scheduled !== undefined && scheduled.rank > nowMs ? scheduled.item : undefined;
  }

  #forget(record: TokenRecord): void {
    this.#records.delete(record.key);
    this.#budget.add(-record.sizeBytes);
  }
}

function recordSizeBytes(key: string): number {
  return Buffer.byteLength(key) + recordOverheadBytes;
}
