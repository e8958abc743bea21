import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertFailure, expectFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import type { Parameter } from "./sql-values.js";

/** Texts that end a string, a statement or a parameter for whoever puts them into SQL. */
const hostileTexts = [
  "'; DROP TABLE t; --",
  "' OR '1'='1",
  '"; DELETE FROM t; --',
  "\\'; DROP TABLE t; --",
  "$1 ?1 :a @a",
  "$$ quoted $$",
  "*/ /* --",
  "%s %d {0}",
  "a\nb\r\nc\t",
  "ꞌ ʼ ＇ \u2019",
  "😀 日本 é e\u0301",
];

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
      await sql.execute("DELETE FROM t"),
      await sql.execute("DROP TABLE t"),
    ];
    assert.deepEqual(counts, [0, 3, 2, 0, 1, 0, 0, 2, 0]);
  },

  "execute runs a statement that returns rows, and drops them": async (sql) => {
    await makeTable(sql);
    assert.equal(await sql.execute("INSERT INTO t VALUES (1, 'a'), (2, 'b') RETURNING k"), 2);
    assert.deepEqual(await sql.rows("SELECT k FROM t ORDER BY k"), [[1n], [2n]]);
  },

  "a query that writes returns its rows, and has written when it has ended": async (sql) => {
    await makeTable(sql);
    const inserted = await sql.rows("INSERT INTO t VALUES (?1, ?2) RETURNING k, v", [1n, "a"]);
    assert.deepEqual(inserted, [[1n, "a"]]);
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "a"]]);
    assert.deepEqual((await sql.query("UPDATE t SET v = 'b'")).rows, []);
    assert.deepEqual(await sql.rows("SELECT v FROM t"), [["b"]]);
  },

  "a statement that fails changes nothing, says why, and brings the data system's own code": async (sql) => {
    await makeTable(sql, [[1n, "a"]]);
    const wrong = [
      "SELEKT 1",
      "SELECT nothing FROM t",
      "SELECT * FROM missing",
      "INSERT INTO t VALUES (2, 'b'), (3, 'c'), (1, 'again')",
      "INSERT INTO t (v) SELECT k FROM missing",
      "CREATE TABLE t (k BIGINT)",
    ];
    for (const statement of wrong) {
      for (const run of [() => sql.execute(statement), () => sql.query(statement)]) {
        const failure = await expectFailure(run(), "SQL_FAILED");
        assert.match(failure.metadata.sql_code ?? "", /^\w+$/, `the sql_code of ${statement}`);
      }
    }
    assert.deepEqual(await sql.rows("SELECT k, v FROM t"), [[1n, "a"]]);
  },

  "different mistakes have different codes": async (sql) => {
    await makeTable(sql, [[1n, "a"]]);
    const codeOf = async (statement: string) =>
      (await expectFailure(sql.execute(statement), "SQL_FAILED")).metadata.sql_code;
    assert.notEqual(await codeOf("INSERT INTO t VALUES (1, 'again')"), await codeOf("SELEKT 1"));
  },

  "parameters are values whatever they hold, and never part of the statement": async (sql) => {
    await makeTable(sql);
    for (const [index, text] of hostileTexts.entries()) {
      await sql.execute("INSERT INTO t VALUES (?1, ?2)", [BigInt(index), text]);
      assert.deepEqual(await sql.rows("SELECT v FROM t WHERE v = ?1", [text]), [[text]], text);
    }
    assert.deepEqual(await sql.rows("SELECT count(*) FROM t"), [[BigInt(hostileTexts.length)]]);
  },

  "a parameter may be used more than once, and in any order": async (sql) => {
    await makeTable(sql, [
      [1n, "a"],
      [2n, "b"],
      [3n, "b"],
    ]);
    assert.deepEqual(await sql.rows("SELECT k FROM t WHERE v = ?2 AND k >= ?1 AND v = ?2", [3n, "b"]), [[3n]]);
    assert.deepEqual(await sql.rows("SELECT k FROM t WHERE v = ?1 OR v = ?1 ORDER BY k", ["b"]), [[2n], [3n]]);
  },

  "too few parameters and too many are refused, and nothing runs": async (sql) => {
    await makeTable(sql);
    const insert = "INSERT INTO t VALUES (?1, ?2)";
    for (const parameters of [[], [1n], [1n, "a", "b"]] as const) {
      await expectFailure(sql.execute(insert, parameters), "SQL_FAILED");
      await expectFailure(sql.query(insert, parameters), "SQL_FAILED");
    }
    await expectFailure(sql.execute("INSERT INTO t VALUES (1, 'a')", ["b"]), "SQL_FAILED");
    assert.deepEqual(await sql.rows("SELECT k FROM t"), []);
  },

  "two statements in one text are refused, and neither runs": async (sql) => {
    await makeTable(sql);
    const texts = [
      "INSERT INTO t VALUES (1, 'a'); INSERT INTO t VALUES (2, 'b')",
      "SELECT 1; DROP TABLE t",
      "INSERT INTO t VALUES (1, 'a');;/* and */DELETE FROM t",
      "SELECT 1;\n-- a comment\nDROP TABLE t;",
    ];
    for (const text of texts) {
      await expectFailure(sql.execute(text), "SQL_FAILED");
      await expectFailure(sql.query(text), "SQL_FAILED");
    }
    assert.deepEqual(await sql.rows("SELECT k FROM t"), []);
  },

  "a text without a statement is refused": async (sql) => {
    for (const text of [" ", ";", "-- a comment", "/* a comment */", "\n;\n"]) {
      assertFailure(await outcomeOf(sql.execute(text)), "SQL_FAILED");
      assertFailure(await outcomeOf(sql.query(text)), "SQL_FAILED");
    }
  },

  "a semicolon and comments may stand around a statement": async (sql) => {
    const text = "/* before; */ SELECT 'a;b' AS \"c;d\" -- behind; it\n; -- the end";
    const { columns, rows } = await sql.query(text);
    assert.deepEqual([columns.map(({ name }) => name), rows], [["c;d"], [["a;b"]]]);
  },

  "statements that begin or end transactions are refused, and leave nothing open": async (sql) => {
    await makeTable(sql);
    const texts = ["BEGIN", "COMMIT", "ROLLBACK", "END", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a"];
    for (const text of texts) {
      await expectFailure(sql.execute(text), "SQL_FAILED");
      await expectFailure(sql.query(text), "SQL_FAILED");
      await expectFailure(sql.executeBatch([["INSERT INTO t VALUES (1, 'a')"], [text]]), "SQL_FAILED");
    }
    await sql.execute("INSERT INTO t VALUES (2, 'b')");
    assert.deepEqual(await sql.rows("SELECT k FROM t"), [[2n]]);
  },

  "a statement of 1 MiB and one with 1,000 parameters run": async (sql) => {
    const head = "SELECT 'x' -- ";
    assert.deepEqual(await sql.rows(head + "y".repeat(1_048_576 - head.length)), [["x"]]);
    await sql.execute("CREATE TABLE n (k BIGINT)");
    const numbers = Array.from({ length: 1_000 }, (_, index) => BigInt(index));
    const values = numbers.map((number) => `(?${number + 1n})`).join(", ");
    assert.equal(await sql.execute(`INSERT INTO n VALUES ${values}`, numbers), 1_000);
    assert.deepEqual(await sql.rows("SELECT min(k), max(k) FROM n"), [[0n, 999n]]);
  },

  "hundreds of statements at once are all answered, and each write counts": async (sql) => {
    await makeTable(sql);
    const keys = Array.from({ length: 200 }, (_, index) => BigInt(index));
    const counts = await Promise.all(keys.map((key) => sql.execute("INSERT INTO t VALUES (?1, 'a')", [key])));
    assert.deepEqual(new Set(counts), new Set([1]));
    const found = await Promise.all(keys.map((key) => sql.rows("SELECT k FROM t WHERE k = ?1", [key])));
    assert.deepEqual(
      found.map(([row]) => row?.[0]),
      keys,
    );
  },

  "of concurrent inserts of one key exactly one succeeds": async (sql) => {
    await makeTable(sql);
    const inserts = Array.from({ length: 30 }, (_, writer) =>
      outcomeOf(sql.execute("INSERT INTO t VALUES (1, ?1)", [`writer ${writer}`])),
    );
    const outcomes = await Promise.all(inserts);
    const failures = outcomes.filter((outcome) => outcome instanceof GatewayError);
    for (const failure of failures) assertFailure(failure, "SQL_FAILED");
    assert.equal(failures.length, 29);
  },

  "of concurrent updates none is lost": async (sql) => {
    await sql.execute("CREATE TABLE c (n BIGINT)");
    await sql.execute("INSERT INTO c VALUES (0)");
    await Promise.all(Array.from({ length: 50 }, () => sql.execute("UPDATE c SET n = n + 1")));
    assert.deepEqual(await sql.rows("SELECT n FROM c"), [[50n]]);
  },
});

/** A table `t` with a key and a text. */
export async function makeTable(sql: RelationalClient, rows: readonly (readonly Parameter[])[] = []): Promise<void> {
  await sql.execute("CREATE TABLE t (k BIGINT PRIMARY KEY, v TEXT)");
  for (const row of rows) await sql.execute("INSERT INTO t VALUES (?1, ?2)", row);
}
