import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";

/** One value of a row or parameter. Source: `prism.relational.v1.Value`, which says how each is written. */
export type SqlValue =
  | { readonly kind: "null" }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "int64"; readonly value: bigint }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "numeric"; readonly value: string }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "bytes"; readonly value: Uint8Array }
  /** Microseconds since the Unix epoch. */
  | { readonly kind: "timestamp"; readonly micros: bigint }
  | { readonly kind: "local_timestamp"; readonly value: string }
  | { readonly kind: "date"; readonly value: string }
  | { readonly kind: "time"; readonly value: string }
  | { readonly kind: "json"; readonly value: string }
  | { readonly kind: "uuid"; readonly value: string }
  | { readonly kind: "array"; readonly elements: readonly SqlValue[] }
  | { readonly kind: "other"; readonly value: string };

/** One statement; its parameters go to the data system beside the text, never in it. */
export interface SqlStatement {
  /** 1 byte to 1 MiB of UTF-8. More than one statement in it: throw `SQL_FAILED`. */
  readonly sql: string;
  /** Up to 1,000. */
  readonly parameters: readonly SqlValue[];
}

/** One column of a result. */
export interface SqlColumn {
  readonly name: string;
  /** As the data system calls it; `""`: it has none. */
  readonly type: string;
}

/** Where a plugin puts the rows of one query. */
export interface RowOutlet {
  /** Call once, before the first row, also when there is none. */
  columns(columns: readonly SqlColumn[]): void;
  /** How many rows the app takes in one go: 1 to 10,000. */
  readonly batchRows: number;
  /** Passes rows on; settles when the app takes more. Rejects when the call has ended: stop reading then. */
  rows(rows: readonly (readonly SqlValue[])[]): Promise<void>;
}

/** How much a transaction is shielded from others. */
export type Isolation = "read-committed" | "repeatable-read" | "serializable";

/** Begins a transaction. */
export interface BeginRequest {
  /** `undefined`: the data system's own default. One that it does not have: throw `CAPABILITY_MISSING`. */
  readonly isolation?: Isolation | undefined;
  readonly readOnly: boolean;
  /**
   * How long it may wait for its app each time, in ms: 1 s to 10 minutes. The SDK rolls it back then; a data system on another machine
   * should not keep its locks for much longer, as the plugin may have vanished without a word.
   */
  readonly idleTimeoutMs: number;
}

/** An open transaction. One statement at a time; the SDK sees to that, and to its idle timeout. */
export interface SqlTransaction {
  readonly isolation: Isolation;
  query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): PromiseLike<void>;
  /** Returns how many rows were inserted, updated or deleted. */
  execute(statement: SqlStatement, context: CallContext): Awaitable<number>;
  /** Returns when it is durable. Throws `TRANSACTION_CONFLICT` when it lost against others. */
  commit(): Awaitable<void>;
  /** Never throws. Called at the latest when the app has gone. */
  rollback(): Awaitable<void>;
}

/**
 * The relational pattern on one namespace, which is a schema or file of its own: no statement reaches anything outside of it.
 *
 * A statement stops, on the data system too, when `context.signal` is aborted; the deadline is its timeout. Methods run concurrently.
 * Each may throw `GatewayError` (`SQL_FAILED` with metadata `sql_code`, `TRANSACTION_CONFLICT`); anything else becomes `INTERNAL`.
 */
export interface Relational {
  /** Reads as the outlet takes, with a cursor: the result is never held whole. Commits what it wrote when it returns. */
  query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): PromiseLike<void>;
  /** Returns how many rows were inserted, updated or deleted, when that is durable. */
  execute(statement: SqlStatement, context: CallContext): Awaitable<number>;
  /** One transaction: all, or nothing. The first that fails: throw its error with metadata `index`. One result each. */
  executeBatch(statements: readonly SqlStatement[], context: CallContext): Awaitable<readonly number[]>;
  begin(request: BeginRequest, context: CallContext): Awaitable<SqlTransaction>;
}
