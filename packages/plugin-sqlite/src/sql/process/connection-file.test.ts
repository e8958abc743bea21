import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-store.js";
import type { ConnectionRequest, ConnectionResponse, StoredStatement } from "../connection-messages.js";
import { ConnectionFile } from "./connection-file.js";
import { ConnectionSession } from "./connection-session.js";

let session: ConnectionSession;
let path: string;

beforeEach(() => {
  path = join(temporaryFolder(), "mine.db");
  session = openedSession();
  execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)");
  execute("INSERT INTO t VALUES (1, 'a')");
});

/** A session with the file open, as the process of a connection has it. */
function openedSession(maxBytes?: number): ConnectionSession {
  if (!existsSync(path)) writeFileSync(path, "");
  const opened = new ConnectionSession();
  expect(opened.serve({ kind: "open", path, maxBytes })).toEqual({ ok: true, answer: null });
  onTestFinished(() => void opened.serve({ kind: "close" }));
  return opened;
}

function ask(request: ConnectionRequest): ConnectionResponse {
  return session.serve(request);
}

function statementOf(sql: string, parameters: StoredStatement["parameters"] = []): StoredStatement {
  return { sql, parameters };
}

function execute(sql: string, { own = true } = {}): ConnectionResponse {
  return ask({ kind: "execute", own, statement: statementOf(sql) });
}

function rows(sql: string, parameters: StoredStatement["parameters"] = []): unknown {
  const size = { rows: 1_000, bytes: 1_000_000 };
  const response = ask({ kind: "query", own: true, statement: statementOf(sql, parameters), size });
  return response.ok ? (response.answer as { rows: unknown }).rows : response.failure.code;
}

function replaceFile(): void {
  renameSync(path, `${path}.old`);
  writeFileSync(path, "");
}

/** Another namespace's file, beside this one. */
function otherFile(): string {
  const other = join(dirname(path), "other.db");
  using db = new DatabaseSync(other);
  db.exec("CREATE TABLE secrets (v); INSERT INTO secrets VALUES ('secret')");
  return other;
}

describe("what a statement may not do", () => {
  const forbidden: readonly (readonly [what: string, sql: (other: string) => string])[] = [
    ["attach another file", (other) => `ATTACH '${other}' AS other`],
    ["attach by a URI", (other) => `ATTACH 'file:${other}?mode=ro' AS other`],
    ["attach memory", () => "ATTACH ':memory:' AS other"],
    ["attach by a value", () => "ATTACH (SELECT v FROM t) AS other"],
    ["attach in an explanation", (other) => `EXPLAIN ATTACH '${other}' AS other`],
    ["detach", () => "DETACH main"],
    ["write a copy of the file", (other) => `VACUUM INTO '${other}.copy'`],
    ["write a copy of the file by a value", (other) => `VACUUM main INTO '${other}' || '.copy'`],
    ["rewrite the file", () => "VACUUM"],
    ["say where the file is", () => "PRAGMA database_list"],
    ["say where the file is as a table", () => "SELECT * FROM pragma_database_list"],
    ["say where the file is in a view", () => "CREATE TABLE paths AS SELECT file FROM pragma_database_list"],
    ["change the schema by hand", () => "PRAGMA writable_schema = ON"],
    ["change how it is written", () => "PRAGMA synchronous = OFF"],
    ["change the journal", () => "PRAGMA journal_mode = DELETE"],
    ["change the journal in an explanation", () => "EXPLAIN PRAGMA journal_mode = DELETE"],
    ["leave out foreign keys", () => "PRAGMA foreign_keys = OFF"],
    ["trust the schema", () => "PRAGMA trusted_schema = ON"],
    ["lock the file", () => "PRAGMA locking_mode = EXCLUSIVE"],
    ["hold the log", () => "PRAGMA wal_checkpoint(TRUNCATE)"],
    ["grow the file", () => "PRAGMA max_page_count = 1000000"],
    ["choose a folder", () => "PRAGMA temp_store_directory = '/'"],
    ["take memory", () => "PRAGMA mmap_size = 1000000000"],
    ["load code", () => "SELECT load_extension('/tmp/evil.so')"],
    ["set a tokenizer", () => "SELECT fts3_tokenizer('simple', x'00')"],
    ["read a file", () => "SELECT readfile('/etc/passwd')"],
    ["write a file", () => "SELECT writefile('/tmp/planted', 'x')"],
    ["open an editor", () => "SELECT edit('x')"],
    ["make a table of a file", () => "CREATE VIRTUAL TABLE f USING csv(filename='/etc/passwd')"],
    ["make a table of the file's pages", () => "CREATE VIRTUAL TABLE f USING sqlite_dbpage"],
    ["read the file's pages", () => "SELECT * FROM sqlite_dbpage"],
    ["change the schema's table", () => "UPDATE sqlite_schema SET sql = ''"],
    ["begin", () => "BEGIN IMMEDIATE"],
    ["commit", () => "COMMIT"],
    ["save", () => "SAVEPOINT a"],
    ["run another statement", () => "SELECT 1; DROP TABLE t"],
    ["run another statement behind a comment", () => "SELECT 1 /* ; */ ; -- ;\n DROP TABLE t"],
    ["take more memory than a message can hold", () => "SELECT zeroblob(100000000)"],
    ["take more memory by and by", () => "SELECT group_concat(zeroblob(1000000)) FROM generate_series(1, 1000)"],
  ];

  test.each(forbidden)("%s", (_, sql) => {
    const other = otherFile();
    const before = readdirSync(dirname(path)).sort();
    expect(execute(sql(other))).toMatchObject({ ok: false, failure: { code: expect.stringMatching(/^SQLITE_/) } });
    expect(readdirSync(dirname(path)).sort()).toEqual(before);
    expect(rows("SELECT * FROM t")).toEqual([[1n, "a"]]);
    expect(rows("SELECT * FROM secrets")).toBe("SQLITE_ERROR");
    expect(rows("SELECT * FROM other.secrets")).toBe("SQLITE_ERROR");
    expect(rows("PRAGMA foreign_keys")).toEqual([[1n]]);
    expect(rows("PRAGMA journal_mode")).toEqual([["wal"]]);
  });

  test("is not more in a transaction, a view, a trigger, or once it was prepared", () => {
    expect(execute("CREATE VIEW paths AS SELECT * FROM pragma_database_list")).toMatchObject({ ok: true });
    expect(rows("SELECT * FROM paths")).toMatch(/^SQLITE_/);
    execute("CREATE TRIGGER x AFTER INSERT ON t BEGIN SELECT load_extension('e'); END");
    expect(execute("INSERT INTO t VALUES (2, 'b')")).toMatchObject({ ok: false });
    ask({ kind: "begin", readOnly: false });
    for (const sql of ["COMMIT", "ATTACH 'x' AS y", "PRAGMA journal_mode = DELETE", "BEGIN", "ROLLBACK"]) {
      expect(execute(sql, { own: false })).toMatchObject({ ok: false });
      expect(execute(sql, { own: false })).toMatchObject({ ok: false });
    }
    expect(ask({ kind: "rollback" })).toMatchObject({ ok: true });
  });

  test("is told with what to do instead", () => {
    expect(execute("BEGIN")).toMatchObject({
      ok: false,
      failure: { code: "SQLITE_AUTH", message: expect.stringContaining("ExecuteBatch and Transact") },
    });
    expect(execute("PRAGMA synchronous = OFF")).toMatchObject({
      failure: { message: expect.stringContaining("PRAGMA synchronous") },
    });
  });
});

describe("what a statement may do", () => {
  test.each([
    "CREATE TABLE a (k INTEGER PRIMARY KEY AUTOINCREMENT, v ANY) STRICT",
    "CREATE INDEX t_v ON t (v)",
    "CREATE VIEW w AS SELECT * FROM t",
    "CREATE TRIGGER x AFTER INSERT ON t BEGIN UPDATE t SET v = 'b'; END",
    "ALTER TABLE t ADD COLUMN w",
    "ALTER TABLE t RENAME TO u",
    "DROP TABLE t",
    "REINDEX",
    "ANALYZE",
    "EXPLAIN QUERY PLAN SELECT * FROM t",
    "WITH x AS (SELECT 1) INSERT INTO t SELECT 2, 'b' FROM x",
    "INSERT INTO t VALUES (1, 'b') ON CONFLICT (k) DO UPDATE SET v = excluded.v",
    "REPLACE INTO t VALUES (1, 'b')",
    "CREATE VIRTUAL TABLE f USING fts5(v)",
    "CREATE VIRTUAL TABLE r USING rtree(id, x0, x1)",
    "PRAGMA table_info(t)",
    "SELECT * FROM pragma_table_info('t')",
    "PRAGMA user_version = 7",
    "PRAGMA foreign_key_check",
    "SELECT json_extract('{\"a\":1}', '$.a'), sqrt(2), date('now')",
  ])("%s", (sql) => {
    expect(execute(sql)).toMatchObject({ ok: true });
  });

  test("search texts", () => {
    execute("CREATE VIRTUAL TABLE f USING fts5(v)");
    execute("INSERT INTO f VALUES ('the quick brown fox')");
    expect(rows("SELECT v FROM f WHERE f MATCH 'fox'")).toEqual([["the quick brown fox"]]);
  });

  test("set savepoints in a transaction that the app drives", () => {
    ask({ kind: "begin", readOnly: false });
    for (const sql of ["SAVEPOINT a", "DELETE FROM t", "ROLLBACK TO a", "RELEASE a"]) {
      expect(execute(sql, { own: false })).toMatchObject({ ok: true });
    }
    ask({ kind: "commit" });
    expect(rows("SELECT k FROM t")).toEqual([[1n]]);
  });
});

describe("a transaction", () => {
  test("that a statement has rolled back takes no more statements, and no commit", () => {
    ask({ kind: "begin", readOnly: false });
    execute("INSERT INTO t VALUES (2, 'b')", { own: false });
    expect(execute("INSERT OR ROLLBACK INTO t VALUES (1, 'b')", { own: false })).toMatchObject({ ok: false });
    const over = { ok: false, failure: { code: "SQLITE_ABORT_ROLLBACK" } };
    expect(execute("INSERT INTO t VALUES (3, 'c')", { own: false })).toMatchObject(over);
    expect(ask({ kind: "commit" })).toMatchObject(over);
    expect(ask({ kind: "rollback" })).toMatchObject({ ok: true });
    expect(rows("SELECT k FROM t")).toEqual([[1n]]);
  });

  test("whose commit fails can be rolled back", () => {
    execute("CREATE TABLE child (k REFERENCES t (k) DEFERRABLE INITIALLY DEFERRED)");
    ask({ kind: "begin", readOnly: false });
    execute("INSERT INTO child VALUES (9)", { own: false });
    expect(ask({ kind: "commit" })).toMatchObject({ failure: { code: "SQLITE_CONSTRAINT_FOREIGNKEY" } });
    expect(ask({ kind: "rollback" })).toMatchObject({ ok: true });
    expect(execute("INSERT INTO child VALUES (9)")).toMatchObject({
      failure: { code: "SQLITE_CONSTRAINT_FOREIGNKEY" },
    });
    expect(rows("SELECT * FROM child")).toEqual([]);
  });
});

describe("a file", () => {
  test.each<[string, () => void]>([
    ["is deleted", () => rmSync(path)],
    ["is replaced", replaceFile],
    ["loses its log", () => rmSync(`${path}-wal`)],
  ])("that %s is not written to any more", (_, remove) => {
    remove();
    const gone = { ok: false, failure: { code: "GONE" } };
    expect(execute("INSERT INTO t VALUES (2, 'b')")).toEqual({
      ok: false,
      failure: { ...gone.failure, message: expect.any(String) },
    });
    expect(ask({ kind: "begin", readOnly: false })).toMatchObject(gone);
    expect(rows("SELECT 1")).toBe("GONE");
  });

  test("that is missing is not made", () => {
    rmSync(path);
    expect(new ConnectionSession().serve({ kind: "open", path, maxBytes: undefined })).toMatchObject({
      failure: { code: "GONE" },
    });
    expect(existsSync(path)).toBe(false);
  });

  test("does not grow beyond what it may", () => {
    ask({ kind: "close" });
    session = openedSession(1_048_576);
    const large = { ...statementOf("INSERT INTO t VALUES (2, ?1)"), parameters: ["x".repeat(2_000_000)] };
    expect(ask({ kind: "execute", own: true, statement: large })).toMatchObject({ failure: { code: "SQLITE_FULL" } });
    expect(rows("SELECT k FROM t")).toEqual([[1n]]);
    expect(execute("INSERT INTO t VALUES (2, 'b')")).toMatchObject({ ok: true });
  });

  test("is synced at every commit, and what it holds is not trusted", () => {
    const file = new ConnectionFile(path, undefined);
    onTestFinished(() => file.close());
    const asked = ["synchronous", "trusted_schema", "foreign_keys"].map((name) =>
      file.rules.asPrism(() => file.db.prepare(`PRAGMA ${name}`).get()),
    );
    expect(asked).toEqual([[2n], [0n], [1n]]);
  });
});

test("statements that are used over and over are prepared once, and again when the schema has changed", () => {
  for (let round = 0; round < 3; round++) expect(rows("SELECT * FROM t")).toEqual([[1n, "a"]]);
  execute("ALTER TABLE t ADD COLUMN w DEFAULT 7");
  expect(rows("SELECT * FROM t")).toEqual([[1n, "a", 7n]]);
});
