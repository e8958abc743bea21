import assert from "node:assert/strict";
import { casesOf } from "./relational-case.js";

/** Rows that the data system makes while they are read. */
export const series = (last: number) =>
  `WITH RECURSIVE s(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM s WHERE n < ${last}) SELECT n FROM s`;

export const statementCases = casesOf("statements", [], {
  "execute says how many rows were inserted, updated and deleted, and 0 for any other statement": async (sql) => {
    const counts = [
      await sql.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)"),
      await sql.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')"),
      await sql.execute("UPDATE t SET v = 'x' WHERE k > 1"),
      await sql.execute("SELECT k FROM t"),
      await sql.execute("DELETE FROM t WHERE k = 1"),
      await sql.execute("DELETE FROM t WHERE k = 1"),
      await sql.execute("CREATE INDEX t_v ON t (v)"),
      await sql.execute("DROP TABLE t"),
    ];
    assert.deepEqual(counts, [0, 3, 2, 0, 1, 0, 0, 0]);
  },
});
