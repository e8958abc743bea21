import {
  answerFullError,
  type BatchResult,
  type CallContext,
  type ChangeSink,
  conditionFailedError,
  counterOverflowError,
  type DeleteRequest,
  type Entry,
  type EtagSource,
  etagMismatchError,
  type KeyedEntry,
  type KeyValue,
  keyExistsError,
  type Logger,
  type Mutation,
  type MutationResult,
  notACounterError,
  orderedTokenBytes,
  type ScanPage,
  type ScanRequest,
  type SetRequest,
  type SetResult,
  type TransactCondition,
  type TransactRequest,
  tokenStaleError,
  type WriteCondition,
} from "@prism-data/pattern-sdk";
import type { ChangeFeed } from "./change-feed.js";
import { decodeChange } from "./changes.js";
import type { Argument, Connection, Reply } from "./connection.js";
import { callAbandoned, clockUnknown, indexNotReady } from "./errors.js";
import { countScript, scanScript, sweepScript } from "./index-scripts.js";
import { buildIndex } from "./key-index.js";
import { type KeySpace, keyRange, prefixRange } from "./key-space.js";
import { decodeRecord, encodeExpiry, encodeRecord, recordLayout } from "./record.js";
import type { Script } from "./scripts.js";
import { Sweep } from "./sweep.js";
import {
  batchGetScript,
  conditionMark,
  deleteScript,
  deleteStatus,
  expireScript,
  incrementScript,
  incrementStatus,
  mutationMark,
  persistScript,
  setScript,
  setStatus,
  transactScript,
} from "./write-scripts.js";

/** No answer holds more than 4 MiB, so no batch reads more from the server. */
const batchGetBytesMax = 4 * 2 ** 20;

/** How often a call waits for an index that is gone again when it comes back: each time somebody emptied the database. */
const indexAttemptsMax = 3;

/** How many counts go by while expired keys are removed: 500 at a time. The bound is only there to be one. */
const countAttemptsMax = 100_000;

const emptyValue = new Uint8Array(0);

/** What a namespace works with. */
export interface NamespaceOptions {
  readonly connection: Connection;
  readonly feed: ChangeFeed;
  readonly etags: EtagSource;
  readonly space: KeySpace;
  /** Whether calls may need the index: to scan, count or watch. */
  readonly indexed: boolean;
  readonly log: Logger;
}

/**
 * One namespace in Redis. Reads of one key are plain commands; everything that writes is a script, which Redis runs alone.
 *
 * Times to live are set as a moment of the server's clock, the same in Redis' own expiry and in the record.
 */
export class RedisKeyValue implements KeyValue {
  readonly #connection: Connection;
  readonly #feed: ChangeFeed;
  readonly #etags: EtagSource;
  readonly #space: KeySpace;
  readonly #keys: readonly string[];
  readonly #leadingArgs: readonly string[];
  readonly #sweep: Sweep;
  #building: Promise<unknown> | undefined;

  constructor({ connection, feed, etags, space, indexed, log }: NamespaceOptions) {
    this.#connection = connection;
    this.#feed = feed;
    this.#etags = etags;
    this.#space = space;
    this.#keys = [space.state, space.index, space.expiry];
    this.#leadingArgs = [space.base, space.channel, indexed ? "1" : ""];
    // Without an index of its own too: another process may have left one that writers keep.
    this.#sweep = new Sweep({ connection, log, run: async () => (await this.#run(sweepScript, [])) === 1 });
  }

  async get(key: string): Promise<Entry | undefined> {
    const record = await this.#connection.command("GET", [this.#space.value(key)]);
    return record === null ? undefined : decodeRecord(record as Buffer);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#connection.command("EXISTS", [this.#space.value(key)])) === 1;
  }

  async set(request: SetRequest): Promise<SetResult> {
    const [result] = await this.batchSet([request]);
    return resultOf(result!);
  }

  async delete(request: DeleteRequest): Promise<boolean> {
    const [result] = await this.batchDelete([request]);
    return resultOf(result!);
  }

  async batchGet(keys: readonly string[]): Promise<BatchResult<Entry | undefined>[]> {
    const records = (await this.#run(batchGetScript, [batchGetBytesMax, ...keys])) as (Buffer | 0)[];
    return records.map((record, index) => {
      if (record === 0) return { ok: false, error: answerFullError(keys[index]!) };
      return { ok: true, result: record.length === 0 ? undefined : decodeRecord(record) };
    });
  }

  async batchSet(requests: readonly SetRequest[]): Promise<BatchResult<SetResult>[]> {
    const args = requests.flatMap((request) => [
      ...this.#recordArgs(request),
      conditionArg(request.condition),
      request.token === undefined ? "" : orderedTokenBytes(request.token),
    ]);
    const replies = (await this.#run(setScript, args)) as Reply[];
    return requests.map(({ key }, index) => setResult(key, replies[2 * index], text(replies[2 * index + 1])));
  }

  async batchDelete(requests: readonly DeleteRequest[]): Promise<BatchResult<boolean>[]> {
    const args = requests.flatMap(({ key, ifEtag }) => [key, ifEtag === undefined ? "" : conditionMark.etag + ifEtag]);
    const replies = (await this.#run(deleteScript, args)) as Reply[];
    return requests.map(({ key }, index) => deleteResult(key, replies[2 * index], text(replies[2 * index + 1])));
  }

  async scan(request: ScanRequest, context: CallContext): Promise<ScanPage> {
    const { selection, limit, pageSizeBytes, keysOnly, cursor } = request;
    const whole =
      selection.kind === "prefix" ? prefixRange(selection.prefix) : keyRange(selection.start, selection.end);
    // The cursor is the last key that was looked at, so keys that come and go around it neither hide nor repeat another.
    const min = cursor === undefined ? whole.min : Buffer.concat([Buffer.from("("), Buffer.from(cursor, "base64url")]);
    const args = [min, whole.max, limit, pageSizeBytes, keysOnly ? "1" : ""];
    const [, more, last, ...found] = await this.#withIndex(context, async () => {
      const reply = (await this.#run(scanScript, args)) as Reply[];
      return reply[0] === 1 ? reply : undefined;
    });
    const entries = pairsOf(found as Buffer[]).map(([key, record]) => keyedEntry(key, record, keysOnly));
    return more === 1 ? { entries, cursor: (last as Buffer).toString("base64url") } : { entries };
  }

  async count(prefix: string, context: CallContext): Promise<number> {
    const { min, max } = prefixRange(prefix);
    for (let attempt = 1; attempt <= countAttemptsMax; attempt++) {
      if (context.signal.aborted) throw callAbandoned();
      const count = await this.#withIndex(context, async () => {
        const reply = await this.#run(countScript, [min, max]);
        return reply === -1 ? undefined : (reply as number);
      });
      if (count >= 0) return count;
    }
    throw indexNotReady();
  }

  async expire(key: string, ttlMs: number): Promise<number | undefined> {
    const expiresAtMs = this.#expiresAtMs(ttlMs);
    const found = await this.#run(expireScript, [key, encodeExpiry(expiresAtMs), expiresAtMs]);
    return found === 1 ? expiresAtMs : undefined;
  }

  async persist(key: string): Promise<boolean> {
    return (await this.#run(persistScript, [key, encodeExpiry(undefined)])) === 1;
  }

  async getTtl(key: string): Promise<{ remainingMs?: number; expiresAtMs?: number } | undefined> {
    const nowMs = this.#nowMs();
    const header = await this.#connection.command("GETRANGE", [this.#space.value(key), 0, recordLayout.valueAt - 1]);
    if ((header as Buffer).length === 0) return undefined;
    const { expiresAtMs } = decodeRecord(header as Buffer);
    return expiresAtMs === undefined ? {} : { remainingMs: Math.max(expiresAtMs - nowMs, 0), expiresAtMs };
  }

  async increment(key: string, delta: bigint): Promise<{ value: bigint; etag: string }> {
    const etag = this.#etags.next();
    const header = encodeRecord({ value: emptyValue, etag });
    const [status, sum] = (await this.#run(incrementScript, [key, delta.toString(), header])) as Reply[];
    if (status === incrementStatus.notACounter) throw notACounterError(key);
    if (status === incrementStatus.overflow) throw counterOverflowError(key);
    return { value: BigInt(text(sum)), etag };
  }

  async transact({ conditions, mutations }: TransactRequest): Promise<MutationResult[]> {
    const applied = mutations.map((mutation) => ({ mutation, etag: this.#etags.next() }));
    const args = [
      conditions.length,
      ...conditions.flatMap((condition) => [condition.key, testArg(condition)]),
      ...applied.flatMap(({ mutation, etag }) => this.#mutationArgs(mutation, etag)),
    ];
    const [committed, ...results] = (await this.#run(transactScript, args)) as number[];
    if (committed !== 1) throw conditionFailedError({ index: results[0]!, key: conditions[results[0]!]!.key });
    return applied.map(({ mutation, etag }, index) =>
      mutation.kind === "set" ? { kind: "set", etag } : { kind: "delete", existed: results[index] === 1 },
    );
  }

  async watch(prefix: string, sink: ChangeSink, context: CallContext): Promise<void> {
    await this.#indexBuilt(context.signal);
    const relax = this.#sweep.hurry();
    const follower = {
      started: () => sink.started(),
      message: (message: Buffer) => {
        const change = decodeChange(message);
        if (change.key.startsWith(prefix)) sink.change(change);
      },
    };
    try {
      await this.#feed.follow(this.#space.channel, follower, context.signal);
    } finally {
      relax();
    }
  }

  /** Builds the index unless it stands. Returns how many keys were found, `undefined` when it stood. */
  buildIndex(): Promise<number | undefined> {
    return buildIndex(this.#connection, this.#space);
  }

  close(): void {
    this.#sweep.close();
  }

  #run(script: Script, args: readonly Argument[]): Promise<Reply> {
    return this.#connection.run(script, this.#keys, [...this.#leadingArgs, ...args]);
  }

  /** Runs `read` until the index is there for it; `undefined` says that it is not. */
  async #withIndex<T>(context: CallContext, read: () => Promise<T | undefined>): Promise<T> {
    for (let attempt = 1; attempt <= indexAttemptsMax; attempt++) {
      const result = await read();
      if (result !== undefined) return result;
      await this.#indexBuilt(context.signal);
    }
    throw indexNotReady();
  }

  /** Waits for the one build that all callers share; it goes on when a caller leaves. */
  async #indexBuilt(signal: AbortSignal): Promise<void> {
    this.#building ??= this.buildIndex().finally(() => {
      this.#building = undefined;
    });
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(callAbandoned());
    signal.addEventListener("abort", leave, { once: true });
    try {
      await Promise.race([this.#building, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  #recordArgs(
    { key, value, ttlMs }: Pick<SetRequest, "key" | "value" | "ttlMs">,
    etag = this.#etags.next(),
  ): Argument[] {
    const expiresAtMs = ttlMs === undefined ? undefined : this.#expiresAtMs(ttlMs);
    return [key, encodeRecord({ value, etag, expiresAtMs }), expiresAtMs ?? ""];
  }

  #mutationArgs(mutation: Mutation, etag: string): Argument[] {
    if (mutation.kind === "delete") return [mutationMark.delete, mutation.key, "", ""];
    return [mutationMark.set, ...this.#recordArgs(mutation, etag)];
  }

  #expiresAtMs(ttlMs: number): number {
    return this.#nowMs() + ttlMs;
  }

  #nowMs(): number {
    const nowMs = this.#connection.clock.nowMs();
    if (nowMs === undefined) throw clockUnknown(this.#connection.address);
    return nowMs;
  }
}

function setResult(key: string, status: Reply | undefined, etag: string): BatchResult<SetResult> {
  switch (status) {
    case setStatus.applied:
    case setStatus.replayed:
      return { ok: true, result: { etag } };
    case setStatus.keyExists:
      return { ok: false, error: keyExistsError({ key, currentEtag: etag }) };
    case setStatus.tokenStale:
      return { ok: false, error: tokenStaleError(key) };
    default:
      return { ok: false, error: etagMismatchError({ key, currentEtag: etag || undefined }) };
  }
}

function deleteResult(key: string, status: Reply | undefined, etag: string): BatchResult<boolean> {
  if (status === deleteStatus.etagMismatch)
    return { ok: false, error: etagMismatchError({ key, currentEtag: etag || undefined }) };
  return { ok: true, result: status === deleteStatus.removed };
}

function resultOf<T>(result: BatchResult<T>): T {
  if (!result.ok) throw result.error;
  return result.result;
}

function conditionArg(condition: WriteCondition | undefined): string {
  if (condition === undefined) return conditionMark.none;
  return condition.kind === "absent" ? conditionMark.absent : conditionMark.etag + condition.etag;
}

function testArg(condition: TransactCondition): string {
  if (condition.kind === "etag") return conditionMark.etag + condition.etag;
  return condition.exists ? conditionMark.present : conditionMark.absent;
}

function keyedEntry(key: Buffer, record: Buffer, keysOnly: boolean): KeyedEntry {
  const entry = decodeRecord(record);
  return { key: key.toString(), ...entry, ...(keysOnly ? { value: emptyValue } : {}) };
}

function pairsOf<T>(flat: readonly T[]): (readonly [T, T])[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [flat[2 * index]!, flat[2 * index + 1]!]);
}

function text(reply: Reply | undefined): string {
  return (reply as Buffer).toString("latin1");
}
