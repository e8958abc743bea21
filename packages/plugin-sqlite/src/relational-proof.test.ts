import { type CallContext, GatewayError, type SqlStatement, type SqlValue } from "@prism-data/pattern-sdk";
import { patternSuites } from "@prism-data/pattern-sdk/conformance";
import { describeCaught } from "@prism-data/pattern-sdk/suite-proof";
import {
  type BrokenRelational,
  ChangedOutlet,
  changing,
  changingTransactions,
  PassingRelational,
  relationalPlugin,
} from "./testing/broken-relational.js";

/** Puts the values of parameters into the text, as whoever has no parameters does. */
function spliced({ sql, parameters }: SqlStatement): SqlStatement {
  const text = (value: SqlValue) => ("value" in value ? `'${value.value}'` : "NULL");
  return { sql: sql.replace(/\?(\d+)/g, (_, number) => text(parameters[Number(number) - 1]!)), parameters: [] };
}

function changedValues(change: (value: SqlValue) => SqlValue) {
  return changing({ row: (row) => row.map(change) });
}

const withoutEnd = (context: CallContext): CallContext => ({
  ...context,
  namespace: context.namespace,
  signal: new AbortController().signal,
});

async function errorOf(run: () => unknown): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    return error;
  }
}

/** Each does one thing wrong: what the suite must be able to tell from a plugin that keeps its promises. */
const broken: readonly BrokenRelational[] = [
  {
    does: "puts the values of parameters into the statement",
    caughtBy: "statements: parameters are values whatever they hold, and never part of the statement",
    pattern: changing({ statement: spliced }),
  },
  {
    does: "runs the first of two statements",
    caughtBy: "statements: two statements in one text are refused, and neither runs",
    pattern: changing({ statement: ({ sql, parameters }) => ({ sql: sql.split(";")[0]!, parameters }) }),
  },
  {
    does: "counts a change for any statement",
    caughtBy:
      "statements: execute says how many rows were inserted, updated and deleted, and 0 for any other statement",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override execute = async (statement: SqlStatement, context: CallContext) =>
          Math.max(1, await kept.execute(statement, context));
      })(kept),
  },
  {
    does: "answers a statement that failed with no rows",
    caughtBy: "statements: a statement that fails changes nothing, says why, and brings the data system's own code",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override execute = async (statement: SqlStatement, context: CallContext) => {
          const outcome = await errorOf(() => kept.execute(statement, context));
          return typeof outcome === "number" ? outcome : 0;
        };
      })(kept),
  },
  {
    does: "rounds whole numbers to what JavaScript's numbers hold",
    caughtBy: "values: whole numbers are kept exactly, to the ends of int64",
    pattern: changedValues((value) =>
      value.kind === "int64" ? { kind: "int64", value: BigInt.asIntN(64, BigInt(Number(value.value))) } : value,
    ),
  },
  {
    does: "cuts instants to milliseconds",
    caughtBy: "values: instants are kept to the microsecond, also before 1970",
    pattern: changedValues((value) =>
      value.kind === "timestamp" ? { kind: "timestamp", micros: value.micros - (value.micros % 1_000n) } : value,
    ),
  },
  {
    does: "takes an empty text for NULL",
    caughtBy: "values: texts are kept, empty ones and any character too",
    pattern: changedValues((value) => (value.kind === "text" && value.value === "" ? { kind: "null" } : value)),
  },
  {
    does: "gives every value as text",
    caughtBy: "values: dates and times of day are kept",
    pattern: changedValues((value) =>
      "value" in value && typeof value.value === "string" ? { kind: "text", value: value.value } : value,
    ),
  },
  {
    does: "stops after the first rows of a result",
    caughtBy: "results: rows come in the order of the statement, all of them and each once",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override query = async (statement: SqlStatement, outlet: ChangedOutlet, context: CallContext) => {
          let isFirst = true;
          const first = Object.assign(new ChangedOutlet(outlet), {
            rows: async (rows: readonly (readonly SqlValue[])[]) => {
              if (isFirst) await outlet.rows(rows);
              isFirst = false;
            },
          });
          await kept.query(statement, first, context);
        };
      })(kept),
  },
  {
    does: "tells the columns again with all rows",
    caughtBy: "results: columns come with the first response and with no other",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override query = async (statement: SqlStatement, outlet: ChangedOutlet, context: CallContext) => {
          let known: Parameters<typeof outlet.columns>[0] = [];
          const repeating = Object.assign(new ChangedOutlet(outlet), {
            columns: (columns: typeof known) => {
              known = columns;
            },
            rows: (rows: readonly (readonly SqlValue[])[]) => {
              outlet.columns(known);
              return outlet.rows(rows);
            },
          });
          await kept.query(statement, repeating, context);
        };
      })(kept),
  },
  {
    does: "runs the statements of a batch each for itself",
    caughtBy: "batches: leave nothing when one statement fails, and say which",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override executeBatch = async (statements: readonly SqlStatement[], context: CallContext) => {
          const counts: number[] = [];
          for (const statement of statements) counts.push(await kept.execute(statement, context));
          return counts;
        };
      })(kept),
  },
  {
    does: "does not say which statement of a batch failed",
    caughtBy: "batches: leave no table when one statement fails",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override executeBatch = async (statements: readonly SqlStatement[], context: CallContext) => {
          const outcome = await errorOf(() => kept.executeBatch(statements, context));
          if (!(outcome instanceof GatewayError)) return outcome as number[];
          throw new GatewayError(outcome.reason, outcome.message);
        };
      })(kept),
  },
  {
    does: "commits what its app left behind",
    caughtBy: "transactions: are rolled back when the app ends its side without a commit, and told so",
    pattern: changingTransactions((transaction) => ({
      rollback: async () => void (await errorOf(() => transaction.commit())),
    })),
  },
  {
    does: "acknowledges a commit that did not happen",
    caughtBy: "transactions: see what they wrote, others only when it is committed",
    pattern: changingTransactions((transaction) => ({ commit: () => transaction.rollback() })),
  },
  {
    does: "lets a statement commit",
    caughtBy: "transactions: cannot be ended by a statement",
    pattern: changingTransactions((transaction) => ({
      execute: async (statement, context) => {
        if (!/commit/i.test(statement.sql)) return transaction.execute(statement, context);
        await transaction.commit();
        return 0;
      },
    })),
  },
  {
    does: "writes in a transaction that may only read",
    caughtBy: "transactions: that may only read cannot write",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override begin = async (_: unknown, context: CallContext) =>
          kept.begin({ readOnly: false, idleTimeoutMs: 10_000 }, context);
      })(kept),
  },
  {
    does: "lets a statement run on when its app has gone",
    caughtBy: "stopping: a statement is stopped when the app cancels it, and is in nobody's way",
    pattern: (kept) =>
      new (class extends PassingRelational {
        override execute = async (statement: SqlStatement, context: CallContext) =>
          kept.execute(statement, withoutEnd(context));
      })(kept),
  },
  {
    does: "does not say when a transaction that lost may be run again",
    caughtBy:
      "transactions: that write what another has read and changed fail with TRANSACTION_CONFLICT, and say when to try again",
    pattern: changingTransactions((transaction) => ({
      execute: async (statement, context) => {
        const outcome = await errorOf(() => transaction.execute(statement, context));
        if (outcome instanceof GatewayError) throw new GatewayError(outcome.reason, outcome.message);
        return outcome as number;
      },
    })),
  },
  {
    does: "keeps namespaces in one file whose names differ in case",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    binder: (kept) => ({
      ...kept,
      bind: (binding) => kept.bind({ ...binding, namespace: binding.namespace.toLowerCase() }),
    }),
  },
  {
    does: "keeps the data of a namespace that it should delete",
    caughtBy: "isolation: a namespace whose data was deleted is empty when it is bound again",
    binder: (kept) => ({ ...kept, deleteData: () => [] }),
  },
];

describeCaught({
  suite: patternSuites.relational,
  reference: relationalPlugin,
  broken,
  capabilities: ["serializable"],
  // Relative to the folder that is made for each start.
  settings: { path: "./data/prism.db" },
});
