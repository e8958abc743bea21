import { Placeholders } from "../../conformance/relational/placeholders.js";
import { RelationalClient } from "../../conformance/relational/relational-client.js";
import { type RunningTiny, runTinyPlugin } from "../../host/plugin.fixture.js";
import type { Relational, SqlTransaction } from "../../patterns/relational/relational.js";
import { relationalCapabilities } from "../../patterns/relational/relational-capabilities.js";
import { wireDurability } from "../wire-durability.js";

/** A database that does nothing, but for what a test has it do. */
export function scripted(parts: Partial<Relational> = {}): Relational {
  return {
    query: async (_, outlet) => outlet.columns([]),
    execute: () => 0,
    executeBatch: (statements) => statements.map(() => 0),
    begin: () => scriptedTransaction().transaction,
    ...parts,
  };
}

/** A transaction that does nothing, but for what a test has it do, and the names of what was asked of it. */
export function scriptedTransaction(parts: Partial<SqlTransaction> = {}) {
  const asked: string[] = [];
  const isOver = Promise.withResolvers<void>();
  const script: SqlTransaction = {
    isolation: "serializable",
    query: async (_, outlet) => outlet.columns([]),
    execute: () => 1,
    commit: () => {},
    rollback: () => {},
    ...parts,
  };
  const transaction: SqlTransaction = {
    isolation: script.isolation,
    query(statement, outlet, context) {
      asked.push("query");
      return script.query(statement, outlet, context);
    },
    execute(statement, context) {
      asked.push("execute");
      return script.execute(statement, context);
    },
    async commit() {
      asked.push("commit");
      await script.commit();
      isOver.resolve();
    },
    async rollback() {
      asked.push("rollback");
      await script.rollback();
      isOver.resolve();
    },
  };
  return { transaction, asked, isOver: isOver.promise };
}

/** A plugin with one namespace, `db`, on this database. */
export async function runScripted(pattern: Relational): Promise<RunningTiny & { readonly sql: RelationalClient }> {
  const tiny = await runTinyPlugin({
    patterns: { relational: { capabilities: relationalCapabilities } },
    open: () => ({ relational: { bind: () => ({ pattern }), deleteData: () => [] } }),
  });
  await tiny.serve([]);
  const asked = {
    pattern: "relational",
    needs: [],
    needsGiven: false,
    planOnly: false,
    durability: wireDurability(undefined),
    sizeLimits: undefined,
    options: undefined,
  };
  await tiny.contract.bind({ ...asked, namespace: "db" });
  return Object.assign(tiny, { sql: new RelationalClient(() => tiny.client, "db", new Placeholders()) });
}
