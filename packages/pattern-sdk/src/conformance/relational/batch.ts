import assert from "node:assert/strict";
import { expectFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import { makeTable } from "./statements.js";

export const batchCases = casesOf("batches", [], {
  "run in order, each sees the one before, and each is answered": async (sql) => {
    const counts = await sql.executeBatch([
      ["CREATE TABLE b (n BIGINT)"],
      ["INSERT INTO b VALUES (?1), (?2)", 1n, 2n],
      ["UPDATE b SET n = n * 10"],
      ["DELETE FROM b WHERE n = ?1", 20n],
      ["SELECT n FROM b"],
    ]);
    assert.deepEqual(counts, [0, 2, 2, 1, 0]);
    assert.deepEqual(await sql.rows("SELECT n FROM b"), [[10n]]);
  },

  "leave nothing when one statement fails, and say which": async (sql) => {
    await makeTable(sql, [[1n, "a"]]);
    const failure = await expectFailure(
      sql.executeBatch([
        ["INSERT INTO t VALUES (2, 'b')"],
        ["UPDATE t SET v = 'changed'"],
        ["INSERT INTO t VALUES (1, 'again')"],
        ["INSERT INTO t VALUES (3, 'c')"],
      ]),
      "SQL_FAILED",
    );
    assert.equal(failure.metadata.index, "2");
    assert.match(failure.metadata.sql_code ?? "", /^\w+$/);
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "a"]]);
  },

  "leave no table when one statement fails": async (sql) => {
    const failure = await expectFailure(sql.executeBatch([["CREATE TABLE b (n BIGINT)"], ["SELEKT 1"]]), "SQL_FAILED");
    assert.equal(failure.metadata.index, "1");
    await expectFailure(sql.query("SELECT * FROM b"), "SQL_FAILED");
  },

  "are refused as a whole when one statement lacks a parameter": async (sql) => {
    await makeTable(sql);
    const batch = sql.executeBatch([["INSERT INTO t VALUES (1, 'a')"], ["INSERT INTO t VALUES (?1, ?2)", 2n]]);
    assert.equal((await expectFailure(batch, "SQL_FAILED")).metadata.index, "1");
    assert.deepEqual(await sql.rows("SELECT k FROM t"), []);
  },

  "of 1,000 statements run": async (sql) => {
    await makeTable(sql);
    const counts = await sql.executeBatch(
      Array.from({ length: 1_000 }, (_, index) => ["INSERT INTO t VALUES (?1, 'a')", BigInt(index)] as const),
    );
    assert.deepEqual([counts.length, new Set(counts)], [1_000, new Set([1])]);
    assert.deepEqual(await sql.rows("SELECT count(*) FROM t"), [[1_000n]]);
  },

  "are never seen half done": async (sql) => {
    await sql.execute("CREATE TABLE b (k BIGINT, n BIGINT)");
    await sql.execute("INSERT INTO b VALUES (1, 0), (2, 0)");
    const writes = Array.from({ length: 20 }, () =>
      sql.executeBatch([["UPDATE b SET n = n + 1 WHERE k = 1"], ["UPDATE b SET n = n + 1 WHERE k = 2"]]),
    );
    const reads = Array.from({ length: 40 }, () => sql.rows("SELECT min(n), max(n) FROM b"));
    for (const read of await Promise.all(reads)) assert.equal(read[0]?.[0], read[0]?.[1], "two halves of a batch");
    const outcomes = await Promise.all(writes.map(outcomeOf));
    assert.deepEqual(
      outcomes.filter((outcome) => !Array.isArray(outcome)),
      [],
    );
    assert.deepEqual(await sql.rows("SELECT n FROM b"), [[20n], [20n]]);
  },
});
