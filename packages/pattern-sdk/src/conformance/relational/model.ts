import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";
import { GatewayError } from "../../errors.js";
import { assertFailure, outcomeOf } from "../expect-failure.js";
import { type FastCheck, runRandomSteps } from "../random-runs.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import { type Change, statementOf, TableModel } from "./table-model.js";

type Step =
  | { readonly kind: "execute"; readonly change: Change }
  | { readonly kind: "batch"; readonly changes: readonly Change[] }
  | {
      readonly kind: "transaction";
      readonly changes: readonly Change[];
      readonly end: "commit" | "rollback" | "cancel";
    }
  | { readonly kind: "read"; readonly batchRows: number };

export const modelCases = casesOf("model", [], {
  "random statements, batches and transactions, one after the other, answer as a plain map does": async (
    _,
    subject,
  ) => {
    await runRandomSteps(stepOf, async (steps) => runSteps(await subject.namespace(), steps));
  },
});

function stepOf(fc: FastCheck): Arbitrary<Step> {
  const key = fc.bigInt({ min: 0n, max: 9n });
  const n = fc.bigInt({ min: -5n, max: 5n });
  const change: Arbitrary<Change> = fc.oneof(
    fc.record({ kind: fc.constant("insert" as const), keys: fc.array(key, { minLength: 1, maxLength: 3 }), n }),
    fc.record({ kind: fc.constant("upsert" as const), key, n }),
    fc.record({ kind: fc.constant("add" as const), from: key, n }),
    fc.record({ kind: fc.constant("delete" as const), from: key, to: key }),
  );
  const changes = fc.array(change, { minLength: 1, maxLength: 4 });
  return fc.oneof<Arbitrary<Step>[]>(
    fc.record({ kind: fc.constant("execute" as const), change }),
    fc.record({ kind: fc.constant("batch" as const), changes }),
    fc.record({
      kind: fc.constant("transaction" as const),
      changes,
      end: fc.constantFrom("commit" as const, "rollback" as const, "cancel" as const),
    }),
    fc.record({ kind: fc.constant("read" as const), batchRows: fc.integer({ min: 1, max: 5 }) }),
  );
}

async function runSteps(sql: RelationalClient, steps: readonly Step[]): Promise<void> {
  await sql.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, n BIGINT)");
  let model = new TableModel();
  for (const [index, step] of steps.entries()) {
    const what = `step ${index}, ${step.kind}`;
    if (step.kind === "execute") await execute(sql, step.change, model, what);
    if (step.kind === "batch") model = await executeBatch(sql, step.changes, model, what);
    if (step.kind === "transaction") model = await transact(sql, step, model, what);
    const batchRows = step.kind === "read" ? step.batchRows : 0;
    assert.deepEqual(await sql.rows(readAll, [], { batchRows }), model.rows(), `${what}: the table`);
  }
}

const readAll = "SELECT k, n FROM t ORDER BY k";

async function execute(
  sql: Pick<RelationalClient, "execute">,
  change: Change,
  model: TableModel,
  what: string,
): Promise<boolean> {
  const [statement, ...parameters] = statementOf(change);
  const outcome = await outcomeOf(sql.execute(statement, parameters));
  const expected = model.apply(change);
  if (expected === undefined) assertFailure(outcome, "SQL_FAILED");
  else assert.equal(outcome, expected, `${what}: rows affected`);
  return expected !== undefined;
}

/** Returns what the table holds then. */
async function executeBatch(
  sql: RelationalClient,
  changes: readonly Change[],
  model: TableModel,
  what: string,
): Promise<TableModel> {
  const after = model.copy();
  const counts = changes.map((change) => after.apply(change));
  const failing = counts.indexOf(undefined);
  const outcome = await outcomeOf(sql.executeBatch(changes.map(statementOf)));
  if (failing === -1) {
    assert.deepEqual(outcome, counts, `${what}: rows affected`);
    return after;
  }
  assertFailure(outcome, "SQL_FAILED");
  assert.ok(outcome instanceof GatewayError);
  assert.equal(outcome.metadata.index, String(failing), `${what}: the statement that failed`);
  return model;
}

/** Returns what the table holds then. */
async function transact(
  sql: RelationalClient,
  { changes, end }: Extract<Step, { readonly kind: "transaction" }>,
  model: TableModel,
  what: string,
): Promise<TableModel> {
  const transaction = await sql.begin();
  const inside = model.copy();
  for (const change of changes) {
    if (await execute(transaction, change, inside, what)) continue;
    await transaction.rollback();
    return model;
  }
  assert.deepEqual(await transaction.rows(readAll), inside.rows(), `${what}: the table, from inside`);
  assert.deepEqual(await sql.rows(readAll), model.rows(), `${what}: the table, from outside`);
  if (end === "cancel") transaction.cancel();
  else await transaction[end]();
  return end === "commit" ? inside : model;
}
