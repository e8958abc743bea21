import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { Isolation } from "../../protocol/gen/prism/relational/v1/relational.js";
import { eventually } from "../eventually.js";
import { assertFailure, expectFailure, failureOf, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import { series } from "./results.js";
import type { BeginOptions } from "./sql-transaction-client.js";
import { makeTable } from "./statements.js";

const keysOf = async (sql: Pick<RelationalClient, "rows">) =>
  (await sql.rows("SELECT k FROM t ORDER BY k")).map(([key]) => key);

export const transactionCases = [
  ...casesOf("transactions", [], {
    "see what they wrote, others only when it is committed": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      assert.equal(await transaction.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b')"), 2);
      assert.deepEqual(await keysOf(transaction), [1n, 2n]);
      assert.deepEqual(await keysOf(sql), [], "not committed yet");
      await transaction.commit();
      assert.deepEqual(await keysOf(sql), [1n, 2n]);
    },

    "leave nothing when they are rolled back": async (sql) => {
      await makeTable(sql, [[1n, "a"]]);
      const transaction = await sql.begin();
      await transaction.execute("DELETE FROM t");
      await transaction.execute("INSERT INTO t VALUES (2, 'b')");
      await transaction.rollback();
      assert.deepEqual(await keysOf(sql), [1n]);
    },

    "say which isolation they have": async (sql) => {
      const transaction = sql.openTransaction();
      const isolation = await transaction.begin();
      assert.ok(isolation >= Isolation.READ_COMMITTED && isolation <= Isolation.SERIALIZABLE, String(isolation));
      await transaction.rollback();
    },

    "answer each request in its order, also when they are sent without waiting": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      for (let key = 1; key <= 20; key++) {
        transaction.send({ $case: "execute", value: { sql: `INSERT INTO t VALUES (${key}, 'a')`, parameters: [] } });
        transaction.send({ $case: "query", value: { sql: "SELECT count(*) FROM t", parameters: [] } });
      }
      transaction.send({ $case: "commit", value: {} });
      for (let key = 1n; key <= 20n; key++) {
        assert.deepEqual(await transaction.event(), { $case: "executed", value: { rowsAffected: 1n } });
        assert.deepEqual(await rowsOfNext(transaction), [key]);
      }
      assert.deepEqual(await transaction.event(), { $case: "committed", value: {} });
      await transaction.ended();
      assert.equal((await keysOf(sql)).length, 20);
    },

    "return results of many responses, and of no rows": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      const many = await transaction.query(`${series(5_000)} SELECT n, 'x' FROM s ORDER BY n`);
      assert.deepEqual([many.columns.length, many.rows.length, many.rows.at(-1)], [2, 5_000, [5_000n, "x"]]);
      const none = await transaction.query("SELECT k, v FROM t");
      assert.deepEqual([none.columns.map(({ name }) => name), none.rows], [["k", "v"], []]);
      await transaction.commit();
    },

    "are told of a statement that fails, and can be rolled back": async (sql) => {
      await makeTable(sql, [[1n, "a"]]);
      const transaction = await sql.begin();
      await transaction.execute("INSERT INTO t VALUES (2, 'b')");
      const failure = await expectFailure(transaction.execute("INSERT INTO t VALUES (1, 'again')"), "SQL_FAILED");
      assert.match(failure.metadata.sql_code ?? "", /^\w+$/);
      await transaction.rollback();
      assert.deepEqual(await keysOf(sql), [1n]);
    },

    "are rolled back when the app ends its side without a commit, and told so": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      await transaction.execute("INSERT INTO t VALUES (1, 'a')");
      transaction.halfClose();
      assert.deepEqual(await transaction.event(), { $case: "rolledBack", value: {} });
      await transaction.ended();
      assert.deepEqual(await keysOf(sql), []);
    },

    "are rolled back when the app goes away, and hold nobody up": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      await transaction.execute("INSERT INTO t VALUES (1, 'a')");
      transaction.cancel();
      await sql.execute("INSERT INTO t VALUES (1, 'b')");
      assert.deepEqual(await sql.rows("SELECT v FROM t"), [["b"]]);
    },

    "are rolled back when their deadline passes": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin({ timeoutMs: 500 });
      await transaction.execute("INSERT INTO t VALUES (1, 'a')");
      assertFailure(await failureOf(transaction.ended()), "DEADLINE_EXCEEDED");
      await sql.execute("INSERT INTO t VALUES (1, 'b')");
      assert.deepEqual(await sql.rows("SELECT v FROM t"), [["b"]]);
    },

    "are rolled back when nothing is asked of them for their idle timeout, and not before": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin({ idleTimeoutMs: 1_000 });
      await transaction.execute("INSERT INTO t VALUES (1, 'a')");
      const idleAtMs = performance.now();
      assertFailure(await failureOf(transaction.ended()), "TRANSACTION_IDLE");
      const idleMs = performance.now() - idleAtMs;
      assert.ok(idleMs >= 950, `it ended after ${idleMs} ms`);
      assert.deepEqual(await keysOf(sql), []);
      await sql.execute("INSERT INTO t VALUES (1, 'b')");
    },

    "that are used live longer than their idle timeout": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin({ idleTimeoutMs: 1_000 });
      const startedAtMs = performance.now();
      let keys = 0n;
      await eventually("the transaction is older than its idle timeout", async () => {
        await transaction.execute("INSERT INTO t VALUES (?1, 'a')", [keys++]);
        return performance.now() - startedAtMs > 1_500;
      });
      await transaction.commit();
      assert.deepEqual(await sql.rows("SELECT count(*) FROM t"), [[keys]]);
    },

    "that may only read cannot write": async (sql) => {
      await makeTable(sql, [[1n, "a"]]);
      for (const statement of ["INSERT INTO t VALUES (2, 'b')", "DROP TABLE t", "UPDATE t SET v = 'b'"]) {
        const transaction = await sql.begin({ readOnly: true });
        assert.deepEqual(await keysOf(transaction), [1n]);
        await expectFailure(transaction.execute(statement), "SQL_FAILED");
        await transaction.rollback();
      }
      await sql.execute("INSERT INTO t VALUES (2, 'b')");
      assert.deepEqual(await keysOf(sql), [1n, 2n]);
    },

    "are rolled back when a request is invalid": async (sql) => {
      await makeTable(sql);
      const transaction = await sql.begin();
      await transaction.execute("INSERT INTO t VALUES (1, 'a')");
      await expectFailure(transaction.execute(""), "INVALID_FIELD");
      assert.deepEqual(await keysOf(sql), []);
    },

    "cannot be ended by a statement": async (sql) => {
      await makeTable(sql);
      for (const statement of ["COMMIT", "END", "ROLLBACK", "BEGIN", "/* now */ commit;"]) {
        const transaction = await sql.begin();
        await transaction.execute("INSERT INTO t VALUES (1, 'a')");
        await expectFailure(transaction.execute(statement), "SQL_FAILED");
        await transaction.rollback();
        assert.deepEqual(await keysOf(sql), [], statement);
      }
    },

    "leave nothing of their own to the next": async (sql) => {
      const first = await sql.begin();
      const made = await outcomeOf(first.execute("CREATE TEMPORARY TABLE mine (n BIGINT)"));
      if (made instanceof GatewayError) return assertFailure(made, "SQL_FAILED");
      await first.commit();
      for (let round = 0; round < 10; round++) {
        const next = await sql.begin();
        await expectFailure(next.query("SELECT n FROM mine"), "SQL_FAILED");
        await next.rollback();
      }
    },

    "that read see one state of the data, from their first statement on": async (sql) => {
      await makeTable(sql, [[1n, "a"]]);
      const transaction = sql.openTransaction();
      const isolation = await transaction.begin();
      assert.deepEqual(await keysOf(transaction), [1n]);
      await sql.execute("INSERT INTO t VALUES (2, 'b')");
      const expected = isolation === Isolation.READ_COMMITTED ? [1n, 2n] : [1n];
      assert.deepEqual(await keysOf(transaction), expected);
      await transaction.commit();
    },

    "of many apps at once are each done whole": async (sql) => {
      await sql.execute("CREATE TABLE c (k BIGINT, n BIGINT)");
      await sql.execute("INSERT INTO c VALUES (1, 0), (2, 0)");
      await Promise.all(
        Array.from({ length: 12 }, () =>
          untilDone(sql, {}, async (transaction) => {
            await transaction.execute("UPDATE c SET n = n + 1 WHERE k = 1");
            await transaction.execute("UPDATE c SET n = n - 1 WHERE k = 2");
          }),
        ),
      );
      assert.deepEqual(await sql.rows("SELECT n FROM c ORDER BY k"), [[12n], [-12n]]);
    },
  }),

  ...isolationCases("read_committed", Isolation.READ_COMMITTED, [1n, 2n]),
  ...isolationCases("repeatable_read", Isolation.REPEATABLE_READ, [1n]),
  ...isolationCases("serializable", Isolation.SERIALIZABLE, [1n]),

  ...casesOf("transactions", ["serializable"], {
    "that write what another has read and changed fail with TRANSACTION_CONFLICT, and say when to try again": async (
      sql,
    ) => {
      await sql.execute("CREATE TABLE c (k BIGINT, n BIGINT)");
      await sql.execute("INSERT INTO c VALUES (1, 0)");
      const [one, two] = [await sql.begin(serializable), await sql.begin(serializable)];
      for (const transaction of [one, two]) await transaction.query("SELECT n FROM c");
      await one.execute("UPDATE c SET n = 1");
      await one.commit();
      const failure = await failureOf(two.execute("UPDATE c SET n = 2").then(() => two.commit()));
      assertFailure(failure, "TRANSACTION_CONFLICT");
      assert.ok((failure.retryAfterMs ?? 0) > 0, "the failure says when to try again");
      assert.deepEqual(await sql.rows("SELECT n FROM c"), [[1n]]);
    },

    "cannot both decide on what the other changes": async (sql) => {
      await sql.execute("CREATE TABLE duty (k BIGINT, n BIGINT)");
      await sql.execute("INSERT INTO duty VALUES (1, 1), (2, 1)");
      const leave = async (key: bigint) => {
        const transaction = await sql.begin(serializable);
        try {
          const [[left]] = (await transaction.rows("SELECT CAST(sum(n) AS BIGINT) FROM duty")) as [[unknown]];
          if (Number(left) > 1) await transaction.execute("UPDATE duty SET n = 0 WHERE k = ?1", [key]);
          await transaction.commit();
        } catch (error) {
          assertFailure(error, "TRANSACTION_CONFLICT");
        }
      };
      await Promise.all([leave(1n), leave(2n)]);
      const [[left]] = (await sql.rows("SELECT CAST(sum(n) AS BIGINT) FROM duty")) as [[unknown]];
      assert.ok(left === 1n || left === 2n, `${left} are left`);
    },

    "that read and then write lose no update when those that conflict are run again": async (sql) => {
      await sql.execute("CREATE TABLE c (n BIGINT)");
      await sql.execute("INSERT INTO c VALUES (0)");
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let round = 0; round < 3; round++) {
            await untilDone(sql, serializable, async (transaction) => {
              const [[count]] = (await transaction.rows("SELECT n FROM c")) as [[bigint]];
              await transaction.execute("UPDATE c SET n = ?1", [count + 1n]);
            });
          }
        }),
      );
      assert.deepEqual(await sql.rows("SELECT n FROM c"), [[24n]]);
    },
  }),
];

const serializable = { isolation: Isolation.SERIALIZABLE } as const;

type Transaction = Awaited<ReturnType<RelationalClient["begin"]>>;

function isolationCases(
  capability: "read_committed" | "repeatable_read" | "serializable",
  isolation: Isolation,
  seen: readonly bigint[],
) {
  return casesOf("transactions", [capability], {
    [`begin with the isolation ${capability} and see what that says`]: async (sql: RelationalClient) => {
      await makeTable(sql, [[1n, "a"]]);
      const transaction = sql.openTransaction();
      assert.equal(await transaction.begin({ isolation }), isolation);
      assert.deepEqual(await keysOf(transaction), [1n]);
      await sql.execute("INSERT INTO t VALUES (2, 'b')");
      assert.deepEqual(await keysOf(transaction), seen);
      await transaction.commit();
    },
  });
}

/** How long others may win: on a busy machine each round takes a second. */
const winsWithinMs = 60_000;

/** Runs a transaction, again when it lost against others. */
async function untilDone(
  sql: RelationalClient,
  options: BeginOptions,
  work: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const attempt = async () => {
    const transaction = await sql.begin(options);
    try {
      await work(transaction);
      await transaction.commit();
      return true;
    } catch (error) {
      transaction.cancel();
      if (error instanceof GatewayError && error.reason === "TRANSACTION_CONFLICT") return false;
      throw error;
    }
  };
  await eventually("the transaction does not lose any more", attempt, winsWithinMs);
}

/** The first values of the rows of the next query. */
async function rowsOfNext(transaction: Transaction): Promise<unknown[]> {
  const values: unknown[] = [];
  for (;;) {
    const event = await transaction.event();
    assert.equal(event?.$case, "rows");
    if (event?.$case !== "rows") return values;
    values.push(...event.value.rows.map(({ values: [first] }) => first?.kind?.value));
    if (event.value.last) return values;
  }
}
