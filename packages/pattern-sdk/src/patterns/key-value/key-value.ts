import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../batch-result.js";
import type { IdempotencyToken } from "../idempotency-token.js";

/**
 * What is stored under one key.
 *
 * Values are passed as views, never copied: nobody may write into one after it was passed on, also not the store into what it
 * returned.
 */
export interface Entry {
  /** The value: 0 bytes to the namespace's limit. */
  readonly value: Uint8Array;
  /** The value's version: 1 to 128 characters of ASCII, never the same again for this key, not even after delete and recreate. */
  readonly etag: string;
  /** When the key expires, in ms since the Unix epoch. `undefined`: never. */
  readonly expiresAtMs?: number | undefined;
}

/** An entry with its key, as a scan returns it. */
export interface KeyedEntry extends Entry {
  /** 1 to 1,024 bytes of UTF-8. */
  readonly key: string;
}

/** Under which condition a write is applied. The check and the write are one atomic step. */
export type WriteCondition =
  /** Only if the key is missing; otherwise throw `KEY_EXISTS`. An expired key is missing. */
  | { readonly kind: "absent" }
  /** Only if the key has this etag; otherwise, also when it is missing, throw `ETAG_MISMATCH`. */
  | { readonly kind: "etag"; readonly etag: string };

/** Asks to write one key. Checked by the SDK: field sizes, ttl above 0 and in whole steps of the grain, capabilities. */
export interface SetRequest {
  /** 1 to 1,024 bytes of UTF-8. */
  readonly key: string;
  /** 0 bytes to the limit. A view into the request, which nobody else uses: a store may keep it, and with it the whole request. */
  readonly value: Uint8Array;
  /** Time to live in ms, a positive integer. `undefined`: none, and the one that the key had is gone. */
  readonly ttlMs?: number | undefined;
  /** `undefined`: write in any case. */
  readonly condition?: WriteCondition | undefined;
  /**
   * When it equals the token kept for the key, change nothing and return the first answer, whatever the condition says.
   * When it is older than that, throw `IDEMPOTENCY_TOKEN_STALE`. Otherwise keep it with the answer for `idempotencyWindowMs`,
   * also if the key is overwritten without a token, deleted or expired meanwhile.
   */
  readonly token?: IdempotencyToken | undefined;
}

/** The write was applied. */
export interface SetResult {
  /** The etag of the new value. */
  readonly etag: string;
}

/** Asks to remove one key. */
export interface DeleteRequest {
  /** 1 to 1,024 bytes of UTF-8. */
  readonly key: string;
  /** Remove only if the key has this etag; otherwise, also when it is missing, throw `ETAG_MISMATCH`. */
  readonly ifEtag?: string | undefined;
}

/** Which keys a scan visits. */
export type ScanSelection =
  /** Keys that start with these characters, byte for byte; `""` is every key. */
  | { readonly kind: "prefix"; readonly prefix: string }
  /** Keys from `start` (inclusive) to `end` (exclusive) in order of their UTF-8 bytes; `""` leaves a side open. */
  | { readonly kind: "range"; readonly start: string; readonly end: string };

/** Asks for one page of a scan. */
export interface ScanRequest {
  readonly selection: ScanSelection;
  /** The most entries to return: 1 to 10,000. */
  readonly limit: number;
  /** The most bytes of keys and values to return: 1 to 3,145,728. A first entry that is larger is returned alone. */
  readonly pageSizeBytes: number;
  /** Values may be returned empty. */
  readonly keysOnly: boolean;
  /** The `cursor` of the page before; `undefined`: the first page. The SDK has bound it to the namespace and selection. */
  readonly cursor?: string | undefined;
}

/** One page of a scan. With `ordered_scan`, in ascending order of the keys' UTF-8 bytes. */
export interface ScanPage {
  readonly entries: readonly KeyedEntry[];
  /** Asks for the next page; at most 2,048 characters. `undefined`: this was the last. */
  readonly cursor?: string | undefined;
}

/** Something that must hold for a key before a transaction changes anything. */
export type TransactCondition =
  | { readonly kind: "exists"; readonly key: string; readonly exists: boolean }
  | { readonly kind: "etag"; readonly key: string; readonly etag: string };

/** One change of a transaction. */
export type Mutation =
  | { readonly kind: "set"; readonly key: string; readonly value: Uint8Array; readonly ttlMs?: number | undefined }
  | { readonly kind: "delete"; readonly key: string };

/** Asks for a transaction: check all conditions, then apply all mutations in order. */
export interface TransactRequest {
  /** 0 to 1,000. The first that does not hold: throw `CONDITION_FAILED` with metadata `index` and `key`. */
  readonly conditions: readonly TransactCondition[];
  /** 1 to 1,000; a key may stand more than once. */
  readonly mutations: readonly Mutation[];
}

/** What one mutation did. */
export type MutationResult =
  | { readonly kind: "set"; readonly etag: string }
  | { readonly kind: "delete"; readonly existed: boolean };

/** One change of one key. */
export type Change =
  | (KeyedEntry & { readonly kind: "set" })
  | { readonly kind: "deleted"; readonly key: string }
  | { readonly kind: "expired"; readonly key: string };

/** Receives the events of a watch. */
export interface ChangeSink {
  /**
   * Call once when the watch is in place: every write acknowledged after that is sent.
   */
  started(): void;
  /**
   * Sends one change. Never blocks; the SDK buffers up to 8 MiB or 10,000 changes for a slow reader and then ends the watch
   * with `WATCH_OVERFLOW` by aborting `context.signal`.
   */
  change(change: Change): void;
}

/**
 * The key-value pattern on one namespace.
 *
 * The SDK has checked every request before a method is called: namespace bound, key and value within limits, ttl valid,
 * capability declared. Methods may run concurrently; each must be atomic and isolated on its own key, and an acknowledged
 * write must be in the backend. A key whose time to live has passed is missing in every method.
 *
 * Every method may throw `GatewayError`; anything else that is thrown becomes `INTERNAL`. A method that waits stops when
 * `context.signal` is aborted (deadline passed or caller gone), and then throws.
 *
 * `get`, `set`, `delete` and `exists` are required. Each other method belongs to a capability of the same meaning; declare
 * the capability exactly when the method is there.
 */
export interface KeyValue {
  /** Reads one key. `undefined`: it is missing. */
  get(key: string, context: CallContext): Awaitable<Entry | undefined>;
  /**
   * Writes one key; returns when the write is durable. Throws `KEY_EXISTS`, `ETAG_MISMATCH`, `IDEMPOTENCY_TOKEN_STALE`,
   * `CAPACITY_EXHAUSTED`.
   */
  set(request: SetRequest, context: CallContext): Awaitable<SetResult>;
  /** Removes one key; returns whether it was there. Throws `ETAG_MISMATCH`. */
  delete(request: DeleteRequest, context: CallContext): Awaitable<boolean>;
  /** Tells whether a key is there. */
  exists(key: string, context: CallContext): Awaitable<boolean>;

  /** Capability `batch`. One result per key, in order. */
  batchGet?(keys: readonly string[], context: CallContext): Awaitable<readonly BatchResult<Entry | undefined>[]>;
  /** Capability `batch`. Applies the writes in order, each on its own; one result per write. */
  batchSet?(requests: readonly SetRequest[], context: CallContext): Awaitable<readonly BatchResult<SetResult>[]>;
  /** Capability `batch`. Applies the removals in order, each on its own; one result per removal. */
  batchDelete?(requests: readonly DeleteRequest[], context: CallContext): Awaitable<readonly BatchResult<boolean>[]>;

  /** Capability `scan`. Every key that lives through the whole scan appears exactly once, while writers run. */
  scan?(request: ScanRequest, context: CallContext): Awaitable<ScanPage>;
  /** Capability `count`. The number of keys that start with `prefix` and have not expired. */
  count?(prefix: string, context: CallContext): Awaitable<number>;

  /**
   * Capability `ttl`. Sets the time to live of an existing key; returns when it expires in ms since the epoch, `undefined` if it
   * is missing. The etag stays.
   */
  expire?(key: string, ttlMs: number, context: CallContext): Awaitable<number | undefined>;
  /** Capability `ttl`. Takes the time to live away; returns whether the key is there. The etag stays. */
  persist?(key: string, context: CallContext): Awaitable<boolean>;
  /** Capability `ttl`. `undefined`: the key is missing. `remainingMs` undefined: it stays for good. */
  getTtl?(
    key: string,
    context: CallContext,
  ): Awaitable<{ readonly remainingMs?: number | undefined; readonly expiresAtMs?: number | undefined } | undefined>;

  /** Capability `counter`. Adds to a decimal int64 (missing: 0); a time to live stays. Throws `NOT_A_COUNTER`, `COUNTER_OVERFLOW`. */
  increment?(
    key: string,
    delta: bigint,
    context: CallContext,
  ): Awaitable<{ readonly value: bigint; readonly etag: string }>;
  /** Capability `transaction`. All or nothing. Throws `CONDITION_FAILED`. One result per mutation, in order. */
  transact?(request: TransactRequest, context: CallContext): Awaitable<readonly MutationResult[]>;
  /**
   * Capability `watch`. Sends every change of keys that start with `prefix` to `sink` until `context.signal` is aborted,
   * then returns. Throwing ends the watch with that error.
   */
  watch?(prefix: string, sink: ChangeSink, context: CallContext): PromiseLike<void>;
}
