import {
  type BeginRequest,
  type Bound,
  type CallContext,
  definePlugin,
  type PatternBinder,
  type PluginDefinition,
  type Relational,
  type RelationalCapability,
  type RowOutlet,
  type SqlColumn,
  type SqlStatement,
  type SqlTransaction,
  type SqlValue,
} from "@prism-data/pattern-sdk";
import type { Broken } from "@prism-data/pattern-sdk/suite-proof";
import { sqlitePlugin } from "../plugin.js";

type Row = readonly SqlValue[];
type Binder = PatternBinder<Relational>;

/** What is changed of the plugin. */
export interface BrokenParts {
  readonly capabilities?: readonly RelationalCapability[];
  readonly pattern?: (kept: Relational) => Relational;
  readonly binder?: (kept: Binder) => Binder;
}

/** A plugin that breaks one promise. */
export type BrokenRelational = Broken & BrokenParts;

/** The plugin, its relational pattern alone, with parts of it changed. */
export function relationalPlugin({ capabilities, pattern, binder }: BrokenParts = {}): PluginDefinition {
  return definePlugin({
    ...sqlitePlugin,
    patterns: { relational: { capabilities: capabilities ?? ["serializable"] } },
    async open(settings, context) {
      const { keyValue: _, relational, ...rest } = await sqlitePlugin.open(settings as never, context);
      const changed = pattern === undefined ? relational! : changedPatterns(relational!, pattern);
      return { ...rest, relational: binder?.(changed) ?? changed };
    },
  } as PluginDefinition);
}

function changedPatterns(binder: Binder, change: (kept: Relational) => Relational): Binder {
  return {
    ...binder,
    async bind(binding): Promise<Bound<Relational>> {
      const bound = await binder.bind(binding);
      return { ...bound, pattern: change(bound.pattern) };
    },
  };
}

/** Passes everything on. */
export class PassingRelational implements Relational {
  protected readonly kept: Relational;

  constructor(kept: Relational) {
    this.kept = kept;
  }

  query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): PromiseLike<void> {
    return this.kept.query(statement, outlet, context);
  }

  async execute(statement: SqlStatement, context: CallContext): Promise<number> {
    return this.kept.execute(statement, context);
  }

  async executeBatch(statements: readonly SqlStatement[], context: CallContext): Promise<readonly number[]> {
    return this.kept.executeBatch(statements, context);
  }

  async begin(request: BeginRequest, context: CallContext): Promise<SqlTransaction> {
    return this.kept.begin(request, context);
  }
}

/** Changes every statement, and every row. */
export function changing(change: {
  readonly statement?: (statement: SqlStatement) => SqlStatement;
  readonly row?: (row: Row) => Row;
}): (kept: Relational) => Relational {
  const { statement: changeStatement = (statement) => statement, row: changeRow = (row) => row } = change;
  return (kept) => ({
    query: (statement, outlet, context) =>
      kept.query(changeStatement(statement), new ChangedOutlet(outlet, changeRow), context),
    execute: (statement, context) => kept.execute(changeStatement(statement), context),
    executeBatch: (statements, context) => kept.executeBatch(statements.map(changeStatement), context),
    begin: (request, context) => kept.begin(request, context),
  });
}

/** Changes the transactions that are begun. */
export function changingTransactions(
  change: (kept: SqlTransaction) => Partial<SqlTransaction>,
): (kept: Relational) => Relational {
  return (kept) =>
    new (class extends PassingRelational {
      override async begin(request: BeginRequest, context: CallContext): Promise<SqlTransaction> {
        const transaction = await kept.begin(request, context);
        const passing: SqlTransaction = {
          isolation: transaction.isolation,
          query: (statement, outlet, call) => transaction.query(statement, outlet, call),
          execute: (statement, call) => transaction.execute(statement, call),
          commit: () => transaction.commit(),
          rollback: () => transaction.rollback(),
        };
        return { ...passing, ...change(transaction) };
      }
    })(kept);
}

/** Passes rows on that were changed. */
export class ChangedOutlet implements RowOutlet {
  readonly #outlet: RowOutlet;
  readonly #change: (row: Row) => Row;

  constructor(outlet: RowOutlet, change: (row: Row) => Row = (row) => row) {
    this.#outlet = outlet;
    this.#change = change;
  }

  get batchRows(): number {
    return this.#outlet.batchRows;
  }

  columns(columns: readonly SqlColumn[]): void {
    this.#outlet.columns(columns);
  }

  rows(rows: readonly Row[]): Promise<void> {
    return this.#outlet.rows(rows.map(this.#change));
  }
}
