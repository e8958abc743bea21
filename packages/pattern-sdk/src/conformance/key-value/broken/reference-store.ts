import type { Awaitable } from "../../../awaitable.js";
import type { CallContext } from "../../../call-context.js";
import type { BatchResult } from "../../../patterns/batch-result.js";
import { EtagSource } from "../../../patterns/etag-source.js";
import { addToCounter } from "../../../patterns/key-value/counter-value.js";
import type {
  Change,
  ChangeSink,
  DeleteRequest,
  Entry,
  KeyedEntry,
  KeyValue,
  Mutation,
  MutationResult,
  ScanPage,
  ScanRequest,
  SetRequest,
  SetResult,
  TransactCondition,
  TransactRequest,
  WriteCondition,
} from "../../../patterns/key-value/key-value.js";
import {
  checkDeleteCondition,
  checkSetCondition,
  checkTransactCondition,
} from "../../../patterns/key-value/key-value-conditions.js";
import { type KeptToken, replayedEtag } from "../../../patterns/key-value/replayed-etag.js";
import { compareUtf8 } from "../../../patterns/utf8-order.js";

/**
 * A key-value store that is correct and as plain as can be, made of small steps. A broken store is this one with one step
 * done wrong.
 */
export class ReferenceStore implements KeyValue {
  readonly entries = new Map<string, Entry>();
  readonly tokens = new Map<string, KeptToken>();
  readonly etags = new EtagSource();
  readonly watchers = new Set<{ readonly prefix: string; readonly sink: ChangeSink }>();

  get(key: string): Awaitable<Entry | undefined> {
    return this.live(key);
  }

  exists(key: string): Awaitable<boolean> {
    return this.live(key) !== undefined;
  }

  set(request: SetRequest): Awaitable<SetResult> {
    const replayed = this.replayedEtag(request);
    if (replayed !== undefined) return { etag: replayed };
    this.checkCondition(request.key, request.condition);
    return this.apply(request);
  }

  delete(request: DeleteRequest): Awaitable<boolean> {
    checkDeleteCondition(request, this.live(request.key));
    return this.remove(request.key);
  }

  async batchGet(keys: readonly string[]): Promise<readonly BatchResult<Entry | undefined>[]> {
    return inOrder(keys, (key) => this.get(key));
  }

  async batchSet(requests: readonly SetRequest[]): Promise<readonly BatchResult<SetResult>[]> {
    return inOrder(requests, (request) => this.set(request));
  }

  async batchDelete(requests: readonly DeleteRequest[]): Promise<readonly BatchResult<boolean>[]> {
    return inOrder(requests, (request) => this.delete(request));
  }

  scan(request: ScanRequest): Awaitable<ScanPage> {
    const { cursor } = request;
    const matching = this.matchingKeys(request.selection);
    return this.page(
      cursor === undefined ? matching : matching.filter((key) => this.compareKeys(key, cursor) > 0),
      request,
    );
  }

  count(prefix: string): Awaitable<number> {
    return this.matchingKeys({ kind: "prefix", prefix }).length;
  }

  expire(key: string, ttlMs: number): Awaitable<number | undefined> {
    const entry = this.live(key);
    if (entry === undefined) return undefined;
    const expiresAtMs = Date.now() + ttlMs;
    this.keep(key, { ...entry, expiresAtMs });
    return expiresAtMs;
  }

  persist(key: string): Awaitable<boolean> {
    const entry = this.live(key);
    if (entry !== undefined) this.keep(key, { value: entry.value, etag: entry.etag });
    return entry !== undefined;
  }

  getTtl(key: string): Awaitable<{ remainingMs?: number; expiresAtMs?: number } | undefined> {
    const entry = this.live(key);
    if (entry?.expiresAtMs === undefined) return entry && {};
    return { remainingMs: entry.expiresAtMs - Date.now(), expiresAtMs: entry.expiresAtMs };
  }

  increment(key: string, delta: bigint): Awaitable<{ value: bigint; etag: string }> {
    const entry = this.live(key);
    const value = this.sum(key, entry === undefined ? "0" : Buffer.from(entry.value).toString("latin1"), delta);
    const etag = this.put({ key, value: Buffer.from(String(value)), expiresAtMs: entry?.expiresAtMs });
    return { value, etag };
  }

  transact({ conditions, mutations }: TransactRequest): Awaitable<readonly MutationResult[]> {
    for (const [index, condition] of conditions.entries()) this.checkTransactCondition(index, condition);
    return mutations.map((mutation) => this.mutate(mutation));
  }

  watch(prefix: string, sink: ChangeSink, { signal }: CallContext): Promise<void> {
    const watcher = { prefix, sink };
    this.watchers.add(watcher);
    sink.started();
    const ended = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => ended.resolve(), { once: true });
    return ended.promise.finally(() => this.watchers.delete(watcher));
  }

  /** How many bytes its keys and values have. */
  storedBytes(): number {
    return [...this.entries].reduce((bytes, [key, { value }]) => bytes + key.length + value.length, 0);
  }

  clear(): void {
    this.entries.clear();
    this.tokens.clear();
  }

  /** What is under a key now; removes what has expired. */
  live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined || !this.isExpired(entry)) return entry;
    this.entries.delete(key);
    this.notify({ kind: "expired", key });
    return undefined;
  }

  isExpired({ expiresAtMs }: Entry): boolean {
    return expiresAtMs !== undefined && expiresAtMs <= Date.now();
  }

  /** The answer that this write got before; `undefined`: it is a new one. */
  replayedEtag({ key, token }: SetRequest): string | undefined {
    return token && replayedEtag(key, token, this.tokens.get(key));
  }

  checkCondition(key: string, condition: WriteCondition | undefined): void {
    checkSetCondition({ key, condition }, this.live(key));
  }

  /** Writes what was checked, and keeps its token. */
  apply({ key, value, ttlMs, token }: SetRequest): SetResult {
    const etag = this.put({ key, value, expiresAtMs: ttlMs === undefined ? undefined : Date.now() + ttlMs });
    if (token !== undefined) this.tokens.set(key, { ...token, etag });
    return { etag };
  }

  put({ key, value, expiresAtMs }: { key: string; value: Uint8Array; expiresAtMs?: number | undefined }): string {
    this.live(key);
    const entry = { value: this.stored(value), etag: this.nextEtag(key), expiresAtMs };
    this.keep(key, entry);
    this.notify({ kind: "set", key, ...entry });
    return entry.etag;
  }

  stored(value: Uint8Array): Uint8Array {
    return new Uint8Array(value);
  }

  nextEtag(_key: string): string {
    return this.etags.next();
  }

  keep(key: string, entry: Entry): void {
    this.entries.set(key, entry);
    if (entry.expiresAtMs !== undefined) setTimeout(() => this.live(key), entry.expiresAtMs - Date.now() + 1).unref();
  }

  remove(key: string): boolean {
    if (this.live(key) === undefined) return false;
    this.entries.delete(key);
    this.notify({ kind: "deleted", key });
    return true;
  }

  notify(change: Change): void {
    for (const { prefix, sink } of this.watchers) if (change.key.startsWith(prefix)) sink.change(change);
  }

  matchingKeys(selection: ScanRequest["selection"]): string[] {
    const keys = [...this.entries.keys()].filter((key) => this.live(key) !== undefined);
    const matching = keys.filter((key) => {
      if (selection.kind === "prefix") return this.startsWith(key, selection.prefix);
      const { start, end } = selection;
      return this.compareKeys(key, start) >= 0 && (end === "" || this.compareKeys(key, end) < 0);
    });
    return matching.sort((a, b) => this.compareKeys(a, b));
  }

  startsWith(key: string, prefix: string): boolean {
    return key.startsWith(prefix);
  }

  compareKeys(a: string, b: string): number {
    return compareUtf8(a, b);
  }

  /** As many of the keys as fit a page, and the last of them as cursor if there are more. */
  page(keys: readonly string[], { limit, pageSizeBytes, keysOnly }: ScanRequest): ScanPage {
    const entries: KeyedEntry[] = [];
    let sizeBytes = 0;
    for (const key of keys) {
      const entry = this.entries.get(key)!;
      sizeBytes += Buffer.byteLength(key) + (keysOnly ? 0 : entry.value.length);
      if (entries.length > 0 && (entries.length === limit || sizeBytes > pageSizeBytes)) {
        return { entries, cursor: entries.at(-1)!.key };
      }
      entries.push({ key, ...entry });
    }
    return { entries };
  }

  sum(key: string, text: string, delta: bigint): bigint {
    return addToCounter(key, Buffer.from(text), delta);
  }

  checkTransactCondition(index: number, condition: TransactCondition): void {
    checkTransactCondition(index, condition, this.live(condition.key));
  }

  mutate(mutation: Mutation): MutationResult {
    if (mutation.kind === "delete") return { kind: "delete", existed: this.remove(mutation.key) };
    const { key, value, ttlMs } = mutation;
    return { kind: "set", etag: this.put({ key, value, expiresAtMs: ttlMs && Date.now() + ttlMs }) };
  }
}

/** One result per item, one item after the other. */
export async function inOrder<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => Awaitable<Result>,
): Promise<BatchResult<Result>[]> {
  const results: BatchResult<Result>[] = [];
  for (const item of items) {
    try {
      results.push({ ok: true, result: await call(item) });
    } catch (error) {
      results.push({ ok: false, error });
    }
  }
  return results;
}
