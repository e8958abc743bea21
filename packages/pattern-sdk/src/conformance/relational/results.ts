import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import { makeTable } from "./statements.js";

/** The most bytes of a response of several rows. Source: `prism.relational.v1.QueryRequest.batch_rows`. */
const responseBytesMax = 1_048_576;

/** Numbers that the data system makes while they are read; without a last one, for ever. */
export function series(last?: number): string {
  const end = last === undefined ? "" : ` WHERE n < ${last}`;
  return `WITH RECURSIVE s(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM s${end})`;
}

export const resultCases = casesOf("results", [], {
  "columns are named as the statement says, also those whose names repeat, and when there are no rows": async (sql) => {
    await makeTable(sql);
    const named = async (statement: string) => (await sql.query(statement)).columns.map(({ name }) => name);
    assert.deepEqual(await named("SELECT k, v FROM t"), ["k", "v"]);
    assert.deepEqual(await named('SELECT k AS a, k AS a, v AS "a b" FROM t'), ["a", "a", "a b"]);
    assert.deepEqual(await named("SELECT 1 AS __proto__, 2 AS constructor"), ["__proto__", "constructor"]);
  },

  "columns that are stored have a type": async (sql) => {
    await makeTable(sql);
    const { columns } = await sql.query("SELECT k, v FROM t");
    for (const { name, type } of columns) assert.notEqual(type, "", `the type of ${name}`);
  },

  "a statement that returns nothing has no columns and no rows": async (sql) => {
    await makeTable(sql);
    const responses = [];
    for await (const response of sql.responses("INSERT INTO t VALUES (1, 'a')")) responses.push(response);
    assert.deepEqual(responses, [{ columns: [], rows: [] }]);
  },

  "columns come with the first response and with no other": async (sql) => {
    const counts: number[] = [];
    for await (const response of sql.responses(`${series(50)} SELECT n, n FROM s`, [], { batchRows: 10 })) {
      counts.push(response.columns.length);
    }
    assert.ok(counts.length >= 5, `${counts.length} responses`);
    assert.deepEqual([counts[0], ...new Set(counts.slice(1))], [2, 0]);
  },

  "no response has more rows than were asked for, and 1,000 when nothing is said": async (sql) => {
    for (const [batchRows, most] of [
      [1, 1],
      [7, 7],
      [0, 1_000],
      [10_000, 10_000],
    ] as const) {
      const sizes: number[] = [];
      for await (const { rows } of sql.responses(`${series(2_500)} SELECT n FROM s`, [], { batchRows })) {
        sizes.push(rows.length);
      }
      assert.ok(Math.max(...sizes) <= most, `${Math.max(...sizes)} rows of ${most}`);
      assert.equal(
        sizes.reduce((sum, size) => sum + size, 0),
        2_500,
      );
    }
  },

  "a response has at most 1 MiB, or one row": async (sql) => {
    await makeTable(sql, [[1n, "x".repeat(300_000)]]);
    const statement = `${series(10)} SELECT n, v FROM s, t ORDER BY n`;
    const sizes: number[] = [];
    for await (const { rows } of sql.responses(statement)) {
      const bytes = rows.length * 300_000;
      assert.ok(rows.length === 1 || bytes <= responseBytesMax, `${rows.length} rows of ${bytes} bytes`);
      sizes.push(rows.length);
    }
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      10,
    );
  },

  "a row of 3 MB comes, and one that fits into no message is refused": async (sql) => {
    await makeTable(sql, [[1n, "x".repeat(1_500_000)]]);
    const rows = await sql.rows("SELECT v || v FROM t");
    assert.deepEqual(
      rows.map(([text]) => String(text).length),
      [3_000_000],
    );
    await expectFailure(sql.query("SELECT v || v || v FROM t"), "MESSAGE_TOO_LARGE");
  },

  "rows come in the order of the statement, all of them and each once": async (sql) => {
    const rows = await sql.rows(`${series(30_000)} SELECT n, 'row ' || n FROM s ORDER BY n`);
    assert.equal(rows.length, 30_000);
    const wrong = rows.findIndex(([n, text], index) => n !== BigInt(index + 1) || text !== `row ${index + 1}`);
    assert.equal(wrong, -1, `row ${wrong} is ${rows[wrong]}`);
  },

  "the first rows come before the last are made: a result without end can be read": async (sql) => {
    let rows = 0;
    for await (const response of sql.responses(`${series()} SELECT n FROM s`)) {
      rows += response.rows.length;
      if (rows >= 20_000) break;
    }
    assert.ok(rows >= 20_000);
  },

  "an app that reads slowly holds nobody else up": async (sql) => {
    await makeTable(sql);
    const reading = sql.responses(`${series()} SELECT n, 'a text of some length' FROM s`);
    await reading.next();
    for (let key = 0n; key < 20n; key++) await sql.execute("INSERT INTO t VALUES (?1, 'a')", [key]);
    assert.deepEqual(await sql.rows("SELECT count(*) FROM t"), [[20n]]);
    await reading.next();
    await reading.return();
  },

  "an error behind the first rows ends the query with it": async (sql) => {
    await sql.execute("CREATE TABLE j (k BIGINT)");
    await sql.execute(`INSERT INTO j ${series(5_001)} SELECT n FROM s`);
    const statement = "SELECT abs(CASE WHEN k > 5000 THEN -9223372036854775807 - 1 ELSE k END) FROM j";
    await expectFailure(sql.query(statement), "SQL_FAILED");
    assert.deepEqual(await sql.rows("SELECT count(*) FROM j"), [[5_001n]]);
  },
});
