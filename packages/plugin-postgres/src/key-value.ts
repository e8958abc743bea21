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
  type KeyValue,
  keyExistsError,
  type MutationResult,
  notACounterError,
  orderedTokenBytes,
  prefixRange,
  type ScanPage,
  type ScanRequest,
  type SetRequest,
  type SetResult,
  selectedRange,
  settled,
  type TransactCondition,
  type TransactRequest,
  tokenStaleError,
  type WriteCondition,
} from "@prism-data/pattern-sdk";
import { byteaArray } from "./binary-array.js";
import type { ChangeFeed } from "./change-feed.js";
import type { Connection } from "./connection.js";
import { KeyValueWrites, type StepOutcome, type WriteStep } from "./key-value-writes.js";
import type { Namespace } from "./namespace.js";
import { wanted, writeKind, writeStatus } from "./schema/key-value-tables.js";
import type { Parameter, Statement } from "./statement.js";

/** What the values of one batch may add up to: more never fits the answer's message. */
const batchAnswerBytesMax = 4 * 2 ** 20;

/** A scan or count reads as much as so many look-ups. */
const scanLoad = 16;

const live = "(expires_at_ms IS NULL OR expires_at_ms > statement_ms())";
const inRange = "namespace_id = $1 AND key >= $2 AND key < $3";

const get: Statement = {
  name: "kv_get",
  text: `SELECT value, etag, expires_at_ms FROM kv_entry WHERE namespace_id = $1 AND key = $2 AND ${live}`,
};
const exists: Statement = {
  name: "kv_exists",
  text: `SELECT FROM kv_entry WHERE namespace_id = $1 AND key = $2 AND ${live}`,
};
/** Values up to a number of bytes, the one included that goes beyond it; of those after it, that they are there. */
const batchGet: Statement = {
  name: "kv_batch_get",
  text: `
    SELECT etag, expires_at_ms, CASE WHEN before <= $3::bigint THEN value END AS value
    FROM (
      SELECT n, etag, expires_at_ms, value,
        coalesce(sum(octet_length(value)) OVER (ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM unnest($2::bytea[]) WITH ORDINALITY AS asked (key, n)
      LEFT JOIN kv_entry ON namespace_id = $1 AND kv_entry.key = asked.key AND ${live}
    ) AS found ORDER BY n`,
};
/** As many entries as fit a page, or a first one that is larger; `fetched`: as many, and one more if there is one. */
const scan: Statement = {
  name: "kv_scan",
  text: `
    SELECT key, etag, expires_at_ms, CASE WHEN $6 THEN '' ELSE value END AS value, fetched
    FROM (
      SELECT *, row_number() OVER in_order AS n, count(*) OVER () AS fetched,
        sum(octet_length(key) + CASE WHEN $6 THEN 0 ELSE octet_length(value) END) OVER in_order AS size_bytes
      FROM (SELECT * FROM kv_entry WHERE ${inRange} AND ${live} ORDER BY key LIMIT $4::int + 1) AS candidates
      WINDOW in_order AS (ORDER BY key ROWS UNBOUNDED PRECEDING)
    ) AS counted
    WHERE n = 1 OR (n <= $4::int AND size_bytes <= $5::bigint) ORDER BY key`,
};
const count: Statement = {
  name: "kv_count",
  text: `SELECT count(*) AS keys FROM kv_entry WHERE ${inRange} AND ${live}`,
};
const getTtl: Statement = {
  name: "kv_ttl",
  text: `SELECT expires_at_ms, expires_at_ms - statement_ms() AS remaining_ms FROM kv_entry WHERE namespace_id = $1 AND key = $2 AND ${live}`,
};

interface EntryRow {
  readonly value: Buffer;
  readonly etag: string;
  readonly expires_at_ms: bigint | null;
}

interface KeyedRow extends EntryRow {
  readonly key: Buffer;
  readonly fetched: bigint;
}

/** What a namespace works with. */
export interface KeyValueOptions {
  readonly connection: Connection;
  readonly namespace: Namespace;
  readonly etags: EtagSource;
  readonly changes: ChangeFeed;
}

/**
 * One namespace in PostgreSQL. Reads are single statements. Everything that writes is one call of a function on the server, which holds
 * the namespace's lock until it is committed: writes are atomic and isolated, in this process and others.
 */
export class PostgresKeyValue implements KeyValue {
  readonly #connection: Connection;
  readonly #namespace: Namespace;
  readonly #etags: EtagSource;
  readonly #changes: ChangeFeed;
  readonly #writes: KeyValueWrites;

  constructor({ connection, namespace, etags, changes }: KeyValueOptions) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#etags = etags;
    this.#changes = changes;
    this.#writes = new KeyValueWrites(connection, namespace);
  }

  async get(key: string): Promise<Entry | undefined> {
    const [row] = await this.#read<EntryRow>(get, [Buffer.from(key)]);
    return row && toEntry(row);
  }

  async exists(key: string): Promise<boolean> {
    return (await this.#read(exists, [Buffer.from(key)])).length > 0;
  }

  async set(request: SetRequest, context: CallContext): Promise<SetResult> {
    const { key } = request;
    const outcome = await this.#writes.one(this.#setStep(request), context);
    return { etag: acceptedEtag(key, outcome) };
  }

  async delete({ key, ifEtag }: DeleteRequest, context: CallContext): Promise<boolean> {
    const want = ifEtag === undefined ? {} : { want: wanted.etag, wantEtag: ifEtag };
    const outcome = await this.#writes.one({ kind: writeKind.delete, key: Buffer.from(key), ...want }, context);
    throwIfRefused(key, outcome);
    return outcome.status === writeStatus.done;
  }

  async batchGet(keys: readonly string[]): Promise<BatchResult<Entry | undefined>[]> {
    const asked = byteaArray(keys.map((key) => Buffer.from(key)));
    const rows = await this.#read<{ [Column in keyof EntryRow]: EntryRow[Column] | null }>(batchGet, [
      asked,
      batchAnswerBytesMax,
    ]);
    return rows.map(({ value, etag, expires_at_ms }, index) => {
      if (etag === null) return { ok: true, result: undefined };
      if (value === null) return { ok: false, error: answerFullError(keys[index]!) };
      return { ok: true, result: toEntry({ value, etag, expires_at_ms }) };
    });
  }

  /** Each write on its own; the group commit keeps their order and commits them together. */
  batchSet(requests: readonly SetRequest[], context: CallContext): Promise<BatchResult<SetResult>[]> {
    return Promise.all(requests.map((request) => settled(this.set(request, context))));
  }

  batchDelete(requests: readonly DeleteRequest[], context: CallContext): Promise<BatchResult<boolean>[]> {
    return Promise.all(requests.map((request) => settled(this.delete(request, context))));
  }

  async scan({ selection, limit, pageSizeBytes, keysOnly, cursor }: ScanRequest): Promise<ScanPage> {
    // The cursor is the last key returned, so keys that come and go around it neither hide nor repeat another.
    const { start, end } = selectedRange(
      selection,
      cursor === undefined ? undefined : Buffer.from(cursor, "base64url"),
    );
    const rows = await this.#read<KeyedRow>(scan, [start, end, limit, pageSizeBytes, keysOnly], scanLoad);
    const entries = rows.map((row) => ({ key: row.key.toString(), ...toEntry(row) }));
    const hasMore = rows.length > 0 && rows.length < Number(rows[0]!.fetched);
    return hasMore ? { entries, cursor: rows.at(-1)!.key.toString("base64url") } : { entries };
  }

  async count(prefix: string): Promise<number> {
    const { start, end } = prefixRange(prefix);
    const [row] = await this.#read<{ keys: bigint }>(count, [start, end], scanLoad);
    return Number(row!.keys);
  }

  async expire(key: string, ttlMs: number, context: CallContext): Promise<number | undefined> {
    const { status, number } = await this.#writes.one(
      { kind: writeKind.expire, key: Buffer.from(key), ttlMs },
      context,
    );
    return status === writeStatus.missing ? undefined : Number(number);
  }

  async persist(key: string, context: CallContext): Promise<boolean> {
    const { status } = await this.#writes.one({ kind: writeKind.persist, key: Buffer.from(key) }, context);
    return status === writeStatus.done;
  }

  async getTtl(key: string): Promise<{ remainingMs?: number; expiresAtMs?: number } | undefined> {
    const [row] = await this.#read<{ expires_at_ms: bigint | null; remaining_ms: bigint }>(getTtl, [Buffer.from(key)]);
    if (row === undefined) return undefined;
    if (row.expires_at_ms === null) return {};
    return { remainingMs: Number(row.remaining_ms), expiresAtMs: Number(row.expires_at_ms) };
  }

  async increment(key: string, delta: bigint, context: CallContext): Promise<{ value: bigint; etag: string }> {
    const step = { kind: writeKind.increment, key: Buffer.from(key), delta, etag: this.#etags.next() };
    const outcome = await this.#writes.one(step, context);
    return { etag: acceptedEtag(key, outcome), value: outcome.number! };
  }

  async transact({ conditions, mutations }: TransactRequest, context: CallContext): Promise<MutationResult[]> {
    const checks = conditions.map(conditionStep);
    const changes = mutations.map((mutation) =>
      mutation.kind === "set" ? this.#setStep(mutation) : { kind: writeKind.delete, key: Buffer.from(mutation.key) },
    );
    const outcomes = await this.#writes.transaction([...checks, ...changes], context);
    const failed = outcomes.findIndex(({ status }) => status === writeStatus.conditionFailed);
    if (failed >= 0) throw conditionFailedError({ index: failed, key: conditions[failed]!.key });
    return mutations.map(({ kind, key }, index) => {
      const outcome = outcomes[conditions.length + index]!;
      if (kind === "set") return { kind, etag: acceptedEtag(key, outcome) };
      return { kind, existed: outcome.status === writeStatus.done };
    });
  }

  watch(prefix: string, sink: ChangeSink, { signal }: CallContext): Promise<void> {
    return this.#changes.watch({ prefix, sink, signal });
  }

  #read<Row extends object>(
    statement: Statement,
    values: readonly Parameter[],
    load?: number,
  ): Promise<readonly Row[]> {
    return this.#namespace.use((id) => this.#connection.run<Row>(statement, [id, ...values], load));
  }

  #setStep({ key, value, ttlMs, condition, token }: SetRequest): WriteStep {
    return {
      kind: writeKind.set,
      key: Buffer.from(key),
      value,
      ttlMs,
      etag: this.#etags.next(),
      ...wantOf(condition),
      token: token && orderedTokenBytes(token),
    };
  }
}

function toEntry({ value, etag, expires_at_ms }: EntryRow): Entry {
  return { value, etag, expiresAtMs: expires_at_ms === null ? undefined : Number(expires_at_ms) };
}

function wantOf(condition: WriteCondition | undefined): Pick<WriteStep, "want" | "wantEtag"> {
  if (condition === undefined) return {};
  return condition.kind === "absent" ? { want: wanted.absent } : { want: wanted.etag, wantEtag: condition.etag };
}

function conditionStep(condition: TransactCondition): WriteStep {
  const key = Buffer.from(condition.key);
  if (condition.kind === "etag") return { kind: writeKind.conditionEtag, key, wantEtag: condition.etag };
  return { kind: condition.exists ? writeKind.conditionExists : writeKind.conditionMissing, key };
}

function acceptedEtag(key: string, outcome: StepOutcome): string {
  throwIfRefused(key, outcome);
  return outcome.seen!;
}

function throwIfRefused(key: string, { status, seen }: StepOutcome): void {
  if (status === writeStatus.keyExists) throw keyExistsError({ key, currentEtag: seen! });
  if (status === writeStatus.etagMismatch) throw etagMismatchError({ key, currentEtag: seen ?? undefined });
  if (status === writeStatus.tokenStale) throw tokenStaleError(key);
  if (status === writeStatus.notACounter) throw notACounterError(key);
  if (status === writeStatus.counterOverflow) throw counterOverflowError(key);
}
