import {
  addToCounter,
  answerFullError,
  type BatchResult,
  type CallContext,
  type ChangeSink,
  checkDeleteCondition,
  checkSetCondition,
  checkTransactCondition,
  type DeleteRequest,
  type Entry,
  type KeyedEntry,
  type KeyValue,
  type Mutation,
  type MutationResult,
  prefixRange,
  type ScanPage,
  type ScanRequest,
  type SetRequest,
  type SetResult,
  selectedRange,
  settled,
  type TransactRequest,
} from "@prism-data/pattern-sdk";
import type { EntryRow, KeyedRow, StoredEntry } from "./entry-table.js";
import type { Write } from "./group-commit.js";
import type { Store } from "./store.js";

/** What the values of one batch may add up to: more never fits the answer's message, and reading it would hold up other calls. */
const batchAnswerBytesMax = 4 * 2 ** 20;

/**
 * One namespace in a SQLite file.
 *
 * Reads answer at once. Writes go through the group commit, whose transactions run one after the other and in no other
 * process at the same time: that makes each of them atomic and isolated.
 */
export class SqliteKeyValue implements KeyValue {
  readonly #store: Store;
  readonly #namespaceId: number;

  constructor(store: Store, namespaceId: number) {
    this.#store = store;
    this.#namespaceId = namespaceId;
  }

  get(key: string): Entry | undefined {
    const stored = this.#read(Buffer.from(key));
    return stored && toEntry(stored);
  }

  exists(key: string): boolean {
    const { file, entries, nowMs } = this.#store;
    const row = file.read(() => entries.find(this.#namespaceId, Buffer.from(key)));
    return row !== undefined && !isExpired(row, nowMs());
  }

  set(request: SetRequest, context: CallContext): Promise<SetResult> {
    const key = Buffer.from(request.key);
    return this.#write(context, {
      apply: () => this.#applySet(key, request),
      sizeBytes: key.length + request.value.length,
    });
  }

  delete(request: DeleteRequest, context: CallContext): Promise<boolean> {
    const key = Buffer.from(request.key);
    return this.#write(context, { apply: () => this.#applyDelete(key, request), sizeBytes: key.length });
  }

  batchGet(keys: readonly string[]): BatchResult<Entry | undefined>[] {
    let sizeBytes = 0;
    return keys.map((key) => {
      if (sizeBytes > batchAnswerBytesMax) return { ok: false, error: answerFullError(key) };
      const result = this.get(key);
      sizeBytes += result?.value.length ?? 0;
      return { ok: true, result };
    });
  }

  /** Each write on its own; the group commit keeps their order and commits them together. */
  batchSet(requests: readonly SetRequest[], context: CallContext): Promise<BatchResult<SetResult>[]> {
    return Promise.all(requests.map((request) => settled(this.set(request, context))));
  }

  batchDelete(requests: readonly DeleteRequest[], context: CallContext): Promise<BatchResult<boolean>[]> {
    return Promise.all(requests.map((request) => settled(this.delete(request, context))));
  }

  scan({ selection, limit, pageSizeBytes, keysOnly, cursor }: ScanRequest): ScanPage {
    const { file, entries, nowMs } = this.#store;
    // The cursor is the last key returned, so keys that come and go around it neither hide nor repeat another.
    const range = selectedRange(selection, cursor === undefined ? undefined : Buffer.from(cursor, "base64url"));
    return file.read(() => {
      const rows = keysOnly
        ? entries.keysInOrder(this.#namespaceId, range, nowMs())
        : entries.inOrder(this.#namespaceId, range, nowMs());
      return takePage(rows, { limit, pageSizeBytes });
    });
  }

  count(prefix: string): number {
    const { file, entries, nowMs } = this.#store;
    return file.read(() => entries.count(this.#namespaceId, prefixRange(prefix), nowMs()));
  }

  expire(key: string, ttlMs: number, context: CallContext): Promise<number | undefined> {
    const apply = () => {
      const expiresAtMs = this.#store.nowMs() + ttlMs;
      return this.#applyExpiry(Buffer.from(key), expiresAtMs) ? expiresAtMs : undefined;
    };
    return this.#write(context, { apply });
  }

  persist(key: string, context: CallContext): Promise<boolean> {
    return this.#write(context, { apply: () => this.#applyExpiry(Buffer.from(key), null) });
  }

  getTtl(key: string): { remainingMs?: number; expiresAtMs?: number } | undefined {
    const { file, entries, nowMs } = this.#store;
    const row = file.read(() => entries.find(this.#namespaceId, Buffer.from(key)));
    if (row === undefined || isExpired(row, nowMs())) return undefined;
    if (row.expiresAtMs === null) return {};
    return { remainingMs: row.expiresAtMs - nowMs(), expiresAtMs: row.expiresAtMs };
  }

  increment(key: string, delta: bigint, context: CallContext): Promise<{ value: bigint; etag: string }> {
    return this.#write(context, { apply: () => this.#applyIncrement(Buffer.from(key), delta) });
  }

  transact(request: TransactRequest, context: CallContext): Promise<MutationResult[]> {
    const sizeBytes = request.mutations.reduce(
      (sum, mutation) => sum + (mutation.kind === "set" ? mutation.value.length : 0),
      0,
    );
    return this.#write(context, {
      apply: () => this.#applyTransaction(request),
      sizeBytes,
      steps: request.mutations.length,
    });
  }

  watch(prefix: string, sink: ChangeSink, { signal }: CallContext): Promise<void> {
    return this.#store.watchers.watch({ namespaceId: this.#namespaceId, prefix, sink, signal }, this.#store.commits);
  }

  #write<T>(context: CallContext, write: Write<T>): Promise<T> {
    return this.#store.commits.submit({ ...write, context });
  }

  #read(key: Buffer): StoredEntry | undefined {
    const { file, entries, nowMs } = this.#store;
    return file.read(() => entries.get(this.#namespaceId, key, nowMs()));
  }

  #applySet(key: Buffer, request: SetRequest): SetResult {
    const { tokens } = this.#store;
    const { token } = request;
    const nowMs = this.#store.nowMs();
    const place = { namespaceId: this.#namespaceId, key };
    const replayed = token && tokens.replayedEtag(place, token, nowMs);
    if (replayed !== undefined) return { etag: replayed };
    const current = this.#current(key, nowMs);
    checkSetCondition(request, current);
    const etag = this.#put(key, { ...request, expiresAtMs: expiryOf(request.ttlMs, nowMs) }, current);
    if (token !== undefined) tokens.keep(place, { ...token, etag }, nowMs);
    return { etag };
  }

  #applyDelete(key: Buffer, request: DeleteRequest): boolean {
    const current = this.#current(key, this.#store.nowMs());
    checkDeleteCondition(request, current);
    return this.#remove(key, current);
  }

  #applyExpiry(key: Buffer, expiresAtMs: number | null): boolean {
    const current = this.#current(key, this.#store.nowMs());
    if (current !== undefined) this.#store.entries.setExpiry(current.id, expiresAtMs);
    return current !== undefined;
  }

  #applyIncrement(key: Buffer, delta: bigint): { value: bigint; etag: string } {
    const current = this.#current(key, this.#store.nowMs());
    const sum = addToCounter(key.toString(), current && this.#store.entries.value(current.id), delta);
    const etag = this.#put(
      key,
      { value: Buffer.from(sum.toString()), expiresAtMs: current?.expiresAtMs ?? null },
      current,
    );
    return { value: sum, etag };
  }

  #applyTransaction({ conditions, mutations }: TransactRequest): MutationResult[] {
    const nowMs = this.#store.nowMs();
    for (const [index, condition] of conditions.entries()) {
      checkTransactCondition(index, condition, this.#current(Buffer.from(condition.key), nowMs));
    }
    return mutations.map((mutation) => this.#applyMutation(mutation, nowMs));
  }

  #applyMutation(mutation: Mutation, nowMs: number): MutationResult {
    const key = Buffer.from(mutation.key);
    const current = this.#current(key, nowMs);
    if (mutation.kind === "delete") return { kind: "delete", existed: this.#remove(key, current) };
    const etag = this.#put(key, { value: mutation.value, expiresAtMs: expiryOf(mutation.ttlMs, nowMs) }, current);
    return { kind: "set", etag };
  }

  /** What a write finds under a key. An entry that has expired goes first, as if the sweep had come by in time. */
  #current(key: Buffer, nowMs: number): EntryRow | undefined {
    const { entries, changes } = this.#store;
    const row = entries.find(this.#namespaceId, key);
    if (row === undefined || !isExpired(row, nowMs)) return row;
    entries.remove(row.id);
    changes.gone(this.#namespaceId, key, "expired");
    return undefined;
  }

  #put(
    key: Buffer,
    { value, expiresAtMs }: { value: Uint8Array; expiresAtMs: number | null },
    current: EntryRow | undefined,
  ): string {
    const { entries, changes, etags } = this.#store;
    const content = { value, expiresAtMs, etag: etags.next() };
    if (current === undefined) entries.insert(this.#namespaceId, key, content);
    else entries.update(current.id, content);
    changes.set(this.#namespaceId, key, content);
    return content.etag;
  }

  #remove(key: Buffer, current: EntryRow | undefined): boolean {
    if (current === undefined) return false;
    this.#store.entries.remove(current.id);
    this.#store.changes.gone(this.#namespaceId, key, "deleted");
    return true;
  }
}

/** Takes rows until the page is full; a first row that is larger than the page is taken alone. */
function takePage(
  rows: Iterable<KeyedRow>,
  { limit, pageSizeBytes }: { limit: number; pageSizeBytes: number },
): ScanPage {
  const entries: KeyedEntry[] = [];
  let lastKey: Buffer | undefined;
  let sizeBytes = 0;
  for (const row of rows) {
    sizeBytes += row.key.length + row.value.length;
    const isFull = entries.length === limit || sizeBytes > pageSizeBytes;
    if (lastKey !== undefined && isFull) return { entries, cursor: lastKey.toString("base64url") };
    entries.push({ key: row.key.toString(), ...toEntry(row) });
    lastKey = row.key;
  }
  return { entries };
}

function toEntry({ value, etag, expiresAtMs }: StoredEntry): Entry {
  return { value, etag, expiresAtMs: expiresAtMs ?? undefined };
}

function expiryOf(ttlMs: number | undefined, nowMs: number): number | null {
  return ttlMs === undefined ? null : nowMs + ttlMs;
}

function isExpired({ expiresAtMs }: EntryRow, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}
