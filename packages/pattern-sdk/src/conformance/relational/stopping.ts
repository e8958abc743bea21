import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertFailure, expectFailure, failureOf, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import { series } from "./results.js";
import type { SqlTransactionClient } from "./sql-transaction-client.js";
import { makeTable } from "./statements.js";

/** How much later than its deadline a statement may be over on a busy machine. */
const latenessMsMax = 5_000;

/** Runs until it is stopped, and gives no row before. */
const endless = `${series()} SELECT count(*) FROM s`;

/** The same, and would have written a lot. */
const endlessWrite = `INSERT INTO t ${series()} SELECT n, 'a' FROM s`;

export const stoppingCases = casesOf("stopping", [], {
  "a statement is stopped when its deadline passes, and what it wrote is gone": async (sql) => {
    await makeTable(sql);
    for (const statement of [endless, endlessWrite]) {
      const startedAtMs = performance.now();
      await expectFailure(sql.execute(statement, [], { timeoutMs: 400 }), "DEADLINE_EXCEEDED");
      await expectFailure(sql.query(statement, [], { timeoutMs: 400 }), "DEADLINE_EXCEEDED");
      const batch = sql.executeBatch([["INSERT INTO t VALUES (0, 'a')"], [statement]], { timeoutMs: 400 });
      await expectFailure(batch, "DEADLINE_EXCEEDED");
      const lastedMs = performance.now() - startedAtMs;
      assert.ok(lastedMs < 1_200 + latenessMsMax, `three statements lasted ${lastedMs} ms`);
    }
    await sql.execute("INSERT INTO t VALUES (1, 'b')");
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "b"]]);
  },

  "a statement is stopped when the app cancels it, and is in nobody's way": async (sql) => {
    await makeTable(sql);
    const cancelling = new AbortController();
    const running = failureOf(sql.execute(endlessWrite, [], { signal: cancelling.signal }));
    await sql.query("SELECT 1");
    cancelling.abort();
    assertFailure(await running, "CANCELLED");
    await sql.execute("INSERT INTO t VALUES (1, 'b')");
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "b"]]);
  },

  "a query whose app goes away while it reads is stopped, and its writes are gone": async (sql) => {
    await makeTable(sql);
    // Far more than what may be under way to an app that does not read.
    const write = `INSERT INTO t ${series(20_000)} SELECT n, CAST(?1 AS TEXT) FROM s RETURNING k, v`;
    const writing = sql.responses(write, ["x".repeat(1_000)], { batchRows: 10 });
    await writing.next();
    await writing.return();
    await sql.execute("INSERT INTO t VALUES (1, 'b')");
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "b"]]);
  },

  "many statements that are stopped leave room for those after them": async (sql) => {
    const stopped = Array.from({ length: 12 }, () => outcomeOf(sql.execute(endless, [], { timeoutMs: 600 })));
    for (const outcome of await Promise.all(stopped)) assertFailure(outcome, "DEADLINE_EXCEEDED");
    const answers = await Promise.all(Array.from({ length: 20 }, () => sql.rows("SELECT 1")));
    assert.equal(answers.length, 20);
  },

  "a transaction whose statement is stopped is rolled back": async (sql) => {
    await makeTable(sql);
    const transaction = await beganWithInsert(sql);
    assertFailure(await failureOf(transaction.execute(endless)), "DEADLINE_EXCEEDED");
    await sql.execute("INSERT INTO t VALUES (0, 'b')");
    assert.deepEqual(await sql.rows("SELECT v FROM t"), [["b"]]);
  },

  "a statement that runs long holds no other namespace up": async (sql, subject) => {
    const other = await subject.namespace();
    await makeTable(other);
    const running = outcomeOf(sql.execute(endless, [], { timeoutMs: 1_500 }));
    for (let key = 0n; key < 10n; key++) await other.execute("INSERT INTO t VALUES (?1, 'a')", [key]);
    assertFailure(await running, "DEADLINE_EXCEEDED");
  },

  "calls with hardly any time are done whole or not at all": async (sql) => {
    await makeTable(sql);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, call) => {
        const [one, two] = [BigInt(call * 2), BigInt(call * 2 + 1)];
        const insert = "INSERT INTO t VALUES (?1, 'a')";
        return outcomeOf(
          sql.executeBatch(
            [
              [insert, one],
              [insert, two],
            ],
            { timeoutMs: 1 + call },
          ),
        );
      }),
    );
    for (const outcome of outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, "DEADLINE_EXCEEDED");
    const keys = (await sql.rows("SELECT k FROM t ORDER BY k")).map(([key]) => key as bigint);
    for (const key of keys) assert.ok(keys.includes(key ^ 1n), `only one half of the batch of ${key}`);
    for (const [call, outcome] of outcomes.entries()) {
      if (Array.isArray(outcome)) assert.ok(keys.includes(BigInt(call * 2)), `the batch ${call} was acknowledged`);
    }
  },
});

/** A transaction that has written a row and ends soon, by its deadline; with more time where that was too little to get so far. */
async function beganWithInsert(sql: RelationalClient, timeoutMs = 700): Promise<SqlTransactionClient> {
  try {
    const transaction = await sql.begin({ timeoutMs });
    await transaction.execute("INSERT INTO t VALUES (0, 'a')");
    return transaction;
  } catch (error) {
    assertFailure(error, "DEADLINE_EXCEEDED");
    assert.ok(timeoutMs < 10_000, "no transaction gets as far as its first row in time");
    return await beganWithInsert(sql, timeoutMs * 2);
  }
}
