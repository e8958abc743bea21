import type { CallContext } from "../../call-context.js";
import { GatewayError } from "../../errors.js";
import type {
  Awaitable,
  BatchResult,
  Change,
  ChangeSink,
  DeleteRequest,
  Entry,
  IdempotencyToken,
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
} from "../../patterns/key-value.js";

/** Never starts again: etags of one test run are told apart by it. */
let writes = 0;

/**
 * A key-value store that is correct and as plain as can be, made of small steps. A broken store is this one with one step
 * done wrong.
 */
export class ReferenceStore implements KeyValue {
  readonly entries = new Map<string, Entry>();
  readonly tokens = new Map<string, { readonly token: IdempotencyToken; readonly etag: string }>();
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

  delete({ key, ifEtag }: DeleteRequest): Awaitable<boolean> {
    if (ifEtag !== undefined) this.checkCondition(key, { kind: "etag", etag: ifEtag });
    return this.remove(key);
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
    const kept = this.tokens.get(key);
    if (token === undefined || kept === undefined) return undefined;
    const age = compareTokens(token, kept.token);
    if (age < 0) throw new GatewayError("IDEMPOTENCY_TOKEN_STALE", `A newer set of ${key} was applied.`);
    return age === 0 ? kept.etag : undefined;
  }

  checkCondition(key: string, condition: WriteCondition | undefined): void {
    const current = this.live(key);
    const metadata: Record<string, string> = current === undefined ? { key } : { key, current_etag: current.etag };
    if (condition?.kind === "absent" && current !== undefined) {
      throw new GatewayError("KEY_EXISTS", `The key ${key} exists.`, { metadata });
    }
    if (condition?.kind === "etag" && current?.etag !== condition.etag) {
      throw new GatewayError("ETAG_MISMATCH", `The key ${key} has another etag.`, { metadata });
    }
  }

  /** Writes what was checked, and keeps its token. */
  apply({ key, value, ttlMs, token }: SetRequest): SetResult {
    const etag = this.put({ key, value, expiresAtMs: ttlMs === undefined ? undefined : Date.now() + ttlMs });
    if (token !== undefined) this.tokens.set(key, { token, etag });
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
    writes++;
    return `w${writes}`;
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
    return Buffer.compare(Buffer.from(a), Buffer.from(b));
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
    const counter = /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined;
    if (counter === undefined || BigInt.asIntN(64, counter) !== counter) {
      throw new GatewayError("NOT_A_COUNTER", `The value of ${key} is no decimal int64.`);
    }
    const sum = counter + delta;
    if (BigInt.asIntN(64, sum) !== sum) throw new GatewayError("COUNTER_OVERFLOW", `The sum of ${key} leaves int64.`);
    return sum;
  }

  checkTransactCondition(index: number, condition: TransactCondition): void {
    const current = this.live(condition.key);
    const holds =
      condition.kind === "exists" ? (current !== undefined) === condition.exists : current?.etag === condition.etag;
    if (holds) return;
    const metadata = { index: String(index), key: condition.key };
    throw new GatewayError("CONDITION_FAILED", `Condition ${index} does not hold.`, { metadata });
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

/** By time, then by nonce as bytes. */
export function compareTokens(a: IdempotencyToken, b: IdempotencyToken): number {
  if (a.timeMicros !== b.timeMicros) return a.timeMicros < b.timeMicros ? -1 : 1;
  return Buffer.compare(a.nonce, b.nonce);
}
