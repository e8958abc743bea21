import {
  addToCounter,
  type BatchResult,
  type CallContext,
  type Change,
  type ChangeSink,
  checkDeleteCondition,
  checkSetCondition,
  checkTransactCondition,
  compareUtf8,
  type DeleteRequest,
  type EtagSource,
  type KeyedEntry,
  type KeyValue,
  type Mutation,
  type MutationResult,
  type ScanPage,
  type ScanRequest,
  type SetRequest,
  type SetResult,
  type TransactRequest,
} from "@prism-data/pattern-sdk";
import { attempt } from "./attempt.js";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { compact } from "./compact.js";
import { ExpiryQueue, type Scheduled } from "./expiry-queue.js";
import { SortedKeys } from "./sorted-keys.js";
import { TokenRecords } from "./token-records.js";

/** What an entry takes beside key and value, as measured: map, index and expiry queue, the entry, its etag, view and buffer. */
const entryOverheadBytes = 512;

/** What all namespaces of a backend share. */
export interface Shared {
  readonly budget: ByteBudget;
  readonly etags: EtagSource;
  readonly clock: Clock;
}

interface StoredEntry extends KeyedEntry {
  readonly sizeBytes: number;
  expiry: Scheduled<StoredEntry> | undefined;
}

interface Watcher {
  readonly prefix: string;
  readonly sink: ChangeSink;
}

/**
 * One namespace in memory. Every method but `watch` runs to its end without yielding, which makes it atomic and isolated.
 *
 * An expired entry is removed by the first that comes by: the queue's timer, or a call that would have seen it.
 */
export class MemoryKeyValue implements KeyValue {
  readonly #budget: ByteBudget;
  readonly #etags: EtagSource;
  readonly #clock: Clock;
  readonly #entries = new Map<string, StoredEntry>();
  /** Invariant: holds exactly the keys of `#entries`. */
  readonly #order = new SortedKeys();
  readonly #tokens: TokenRecords;
  readonly #expiry: ExpiryQueue<StoredEntry>;
  readonly #watchers = new Set<Watcher>();

  constructor({ budget, etags, clock }: Shared) {
    this.#budget = budget;
    this.#etags = etags;
    this.#clock = clock;
    this.#tokens = new TokenRecords(budget, clock);
    this.#expiry = new ExpiryQueue(clock, (entry) => this.#removeExpired(entry));
  }

  /** How many keys are held. */
  get keys(): number {
    return this.#entries.size;
  }

  get(key: string): KeyedEntry | undefined {
    return this.#live(key, this.#clock.nowMs());
  }

  exists(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(request: SetRequest): SetResult {
    const { key, token } = request;
    const nowMs = this.#clock.nowMs();
    const replayed = token && this.#tokens.replayedEtag(key, token, nowMs);
    if (replayed !== undefined) return { etag: replayed };
    const current = this.#live(key, nowMs);
    checkSetCondition(request, current);
    const recordBytes = token === undefined ? 0 : this.#tokens.growthBytes(key, nowMs);
    this.#budget.requireRoom(entrySizeBytes(key, request.value) - (current?.sizeBytes ?? 0) + recordBytes);
    const { etag } = this.#put(request, nowMs);
    if (token !== undefined) this.#tokens.keep(key, token, etag, nowMs);
    return { etag };
  }

  delete(request: DeleteRequest): boolean {
    const current = this.#live(request.key, this.#clock.nowMs());
    checkDeleteCondition(request, current);
    return this.#delete(current);
  }

  batchGet(keys: readonly string[]): BatchResult<KeyedEntry | undefined>[] {
    return keys.map((key) => ({ ok: true, result: this.get(key) }));
  }

  batchSet(requests: readonly SetRequest[]): BatchResult<SetResult>[] {
    return requests.map((request) => attempt(() => this.set(request)));
  }

  batchDelete(requests: readonly DeleteRequest[]): BatchResult<boolean>[] {
    return requests.map((request) => attempt(() => this.delete(request)));
  }

  scan({ selection, limit, pageSizeBytes, keysOnly, cursor }: ScanRequest): ScanPage {
    const nowMs = this.#clock.nowMs();
    const start = selection.kind === "prefix" ? selection.prefix : selection.start;
    const entries: StoredEntry[] = [];
    let sizeBytes = 0;
    // The cursor is the last key returned, so keys that come and go around it neither hide nor repeat another.
    for (const key of this.#order.from(cursor ?? start, cursor !== undefined)) {
      if (selection.kind === "prefix" ? !key.startsWith(start) : isAtOrAfter(key, selection.end)) break;
      const entry = this.#entries.get(key)!;
      if (isExpired(entry, nowMs)) continue;
      sizeBytes += Buffer.byteLength(key) + (keysOnly ? 0 : entry.value.length);
      const last = entries.at(-1);
      if (last !== undefined && (entries.length === limit || sizeBytes > pageSizeBytes))
        return { entries, cursor: last.key };
      entries.push(entry);
    }
    return { entries };
  }

  count(prefix: string): number {
    this.#expiry.takeDue(this.#clock.nowMs());
    return this.#order.countPrefix(prefix);
  }

  expire(key: string, ttlMs: number): number | undefined {
    const nowMs = this.#clock.nowMs();
    const current = this.#live(key, nowMs);
    if (current === undefined) return undefined;
    const expiresAtMs = nowMs + ttlMs;
    this.#keep({ ...current, expiresAtMs, expiry: undefined }, current);
    return expiresAtMs;
  }

  persist(key: string): boolean {
    const current = this.#live(key, this.#clock.nowMs());
    if (current === undefined) return false;
    this.#keep({ ...current, expiresAtMs: undefined, expiry: undefined }, current);
    return true;
  }

  getTtl(key: string): { remainingMs?: number; expiresAtMs?: number } | undefined {
    const nowMs = this.#clock.nowMs();
    const current = this.#live(key, nowMs);
    if (current?.expiresAtMs === undefined) return current && {};
    return { remainingMs: current.expiresAtMs - nowMs, expiresAtMs: current.expiresAtMs };
  }

  increment(key: string, delta: bigint): { value: bigint; etag: string } {
    const nowMs = this.#clock.nowMs();
    const current = this.#live(key, nowMs);
    const sum = addToCounter(key, current?.value, delta);
    const value = Buffer.from(sum.toString());
    this.#budget.requireRoom(entrySizeBytes(key, value) - (current?.sizeBytes ?? 0));
    const ttlMs = current?.expiresAtMs === undefined ? undefined : current.expiresAtMs - nowMs;
    return { value: sum, etag: this.#put({ key, value, ttlMs }, nowMs).etag };
  }

  transact({ conditions, mutations }: TransactRequest): MutationResult[] {
    const nowMs = this.#clock.nowMs();
    for (const [index, condition] of conditions.entries()) {
      checkTransactCondition(index, condition, this.#live(condition.key, nowMs));
    }
    this.#budget.requireRoom(this.#growthBytes(mutations, nowMs));
    return mutations.map((mutation) =>
      mutation.kind === "set"
        ? { kind: "set", etag: this.#put(mutation, nowMs).etag }
        : { kind: "delete", existed: this.#delete(this.#live(mutation.key, nowMs)) },
    );
  }

  watch(prefix: string, sink: ChangeSink, { signal }: CallContext): Promise<void> {
    const watcher: Watcher = { prefix, sink };
    this.#watchers.add(watcher);
    sink.started();
    return new Promise((resolve) => {
      const stop = () => {
        this.#watchers.delete(watcher);
        resolve();
      };
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
  }

  /** Removes everything, the token records too, and stops the timers. Returns how many keys there were. */
  clear(): number {
    const keys = this.#entries.size;
    for (const entry of this.#entries.values()) this.#budget.add(-entry.sizeBytes);
    this.#entries.clear();
    this.#order.clear();
    this.#expiry.clear();
    this.#tokens.clear();
    return keys;
  }

  #live(key: string, nowMs: number): StoredEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || !isExpired(entry, nowMs)) return entry;
    this.#removeExpired(entry);
    return undefined;
  }

  #put(write: { key: string; value: Uint8Array; ttlMs?: number | undefined }, nowMs: number): StoredEntry {
    const { key, ttlMs } = write;
    const entry: StoredEntry = {
      key,
      value: compact(write.value),
      etag: this.#etags.next(),
      expiresAtMs: ttlMs === undefined ? undefined : nowMs + ttlMs,
      sizeBytes: entrySizeBytes(key, write.value),
      expiry: undefined,
    };
    this.#keep(entry, this.#live(key, nowMs));
    const { value, etag, expiresAtMs } = entry;
    this.#notify({ kind: "set", key, value, etag, expiresAtMs });
    return entry;
  }

  #delete(current: StoredEntry | undefined): boolean {
    if (current === undefined) return false;
    this.#remove(current);
    this.#notify({ kind: "deleted", key: current.key });
    return true;
  }

  #removeExpired(entry: StoredEntry): void {
    this.#remove(entry);
    this.#notify({ kind: "expired", key: entry.key });
  }

  #keep(entry: StoredEntry, replaced: StoredEntry | undefined): void {
    if (replaced === undefined) this.#order.add(entry.key);
    else if (replaced.expiry !== undefined) this.#expiry.cancel(replaced.expiry);
    if (entry.expiresAtMs !== undefined) entry.expiry = this.#expiry.schedule(entry, entry.expiresAtMs);
    this.#entries.set(entry.key, entry);
    this.#budget.add(entry.sizeBytes - (replaced?.sizeBytes ?? 0));
  }

  #remove(entry: StoredEntry): void {
    if (entry.expiry !== undefined) this.#expiry.cancel(entry.expiry);
    this.#entries.delete(entry.key);
    this.#order.delete(entry.key);
    this.#budget.add(-entry.sizeBytes);
  }

  #notify(change: Change): void {
    for (const { prefix, sink } of this.#watchers) {
      if (change.key.startsWith(prefix)) sink.change(change);
    }
  }

  /** By how much all the mutations together grow what is held: only the last one of each key counts. */
  #growthBytes(mutations: readonly Mutation[], nowMs: number): number {
    const sizes = new Map<string, number>();
    for (const mutation of mutations) {
      sizes.set(mutation.key, mutation.kind === "set" ? entrySizeBytes(mutation.key, mutation.value) : 0);
    }
    let growthBytes = 0;
    for (const [key, sizeBytes] of sizes) growthBytes += sizeBytes - (this.#live(key, nowMs)?.sizeBytes ?? 0);
    return growthBytes;
  }
}

function entrySizeBytes(key: string, value: Uint8Array): number {
  return Buffer.byteLength(key) + value.length + entryOverheadBytes;
}

function isExpired(entry: StoredEntry, nowMs: number): boolean {
  return entry.expiresAtMs !== undefined && entry.expiresAtMs <= nowMs;
}

/** Whether a key is past the end of a range; an empty end is past all keys. */
function isAtOrAfter(key: string, end: string): boolean {
  return end !== "" && compareUtf8(key, end) >= 0;
}
