import { randomUUID } from "node:crypto";
import type { CallContext, RowOutlet, SqlColumn, SqlStatement, SqlValue } from "@prism-data/pattern-sdk";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "./connection.js";
import type { PostgresRelational } from "./relational.js";
import { relationals } from "./relational-binder.js";
import {
  callWith,
  dropSchema,
  eventually,
  failureOf,
  newSchema,
  openConnection,
  runAsAdmin,
  sharedUrl,
  startConnection,
} from "./testing/own-connection.js";

const call = callWith();
const statement = (sql: string, ...parameters: SqlValue[]): SqlStatement => ({ sql, parameters });
const plain = { readOnly: false, idleTimeoutMs: 10_000 };
const int = (value: number): SqlValue => ({ kind: "int64", value: BigInt(value) });
const text = (value: string): SqlValue => ({ kind: "text", value });

let connection: Connection;
let binder: ReturnType<typeof relationals>["binder"];
/** A namespace for what leaves nothing behind. */
let shared: PostgresRelational;
beforeAll(async () => {
  const schema = newSchema();
  connection = await startConnection({ schema });
  binder = relationals(connection, 5).binder;
  const bound = await binder.bind(bindingOf("shared"));
  shared = bound.pattern;
  return async () => {
    await bound.close?.();
    await binder.deleteData("shared");
    await connection.close();
    await dropSchema(schema);
  };
});

const bindingOf = (namespace: string) => ({ namespace, capabilities: new Set<string>(), options: undefined });

/** A namespace whose database is gone when the test is over. */
async function bound(name: string = randomUUID()): Promise<PostgresRelational> {
  const { pattern, close } = await binder.bind(bindingOf(name));
  onTestFinished(async () => {
    await close?.();
    await binder.deleteData(name);
  });
  return pattern;
}

/** Collects rows, at the pace that the test sets. */
class Rows implements RowOutlet {
  readonly batchRows = 1_000;
  readonly taken: (readonly SqlValue[])[] = [];
  readonly batches: number[] = [];
  named: readonly SqlColumn[] = [];
  onRows: () => Promise<void> = async () => {};

  columns(columns: readonly SqlColumn[]): void {
    this.named = columns;
  }

  async rows(rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.taken.push(...rows);
    this.batches.push(rows.length);
    await this.onRows();
  }
}

async function read(sql: PostgresRelational, query: string, ...parameters: SqlValue[]): Promise<Rows> {
  const rows = new Rows();
  await sql.query(statement(query, ...parameters), rows, call);
  return rows;
}

async function one(sql: PostgresRelational, query: string, ...parameters: SqlValue[]): Promise<SqlValue | undefined> {
  return (await read(sql, query, ...parameters)).taken[0]?.[0];
}

describe("values", () => {
  test.each<[SqlValue]>([
    [{ kind: "bool", value: true }],
    [{ kind: "int64", value: -(2n ** 63n) }],
    [{ kind: "double", value: 0.1 }],
    [{ kind: "double", value: Number.NaN }],
    [{ kind: "double", value: Number.NEGATIVE_INFINITY }],
    [{ kind: "numeric", value: "-12.3400000000000000000000000000001" }],
    [{ kind: "numeric", value: "NaN" }],
    [{ kind: "text", value: "é\n😀'; DROP TABLE t; --" }],
    [{ kind: "bytes", value: Buffer.from([0, 1, 255]) }],
    [{ kind: "timestamp", micros: 1_772_322_699_123_456n }],
    [{ kind: "timestamp", micros: -62_135_596_799_999_999n }],
    [{ kind: "timestamp", micros: 253_402_300_799_999_999n }],
    [{ kind: "local_timestamp", value: "2026-02-28T23:59:59.123456" }],
    [{ kind: "local_timestamp", value: "infinity" }],
    [{ kind: "date", value: "2026-02-28" }],
    [{ kind: "time", value: "23:59:59.123456" }],
    [{ kind: "time", value: "23:59:59+02:00" }],
    [{ kind: "uuid", value: "0b2a1f5e-7d0e-4f0e-9f3a-0123456789ab" }],
    [{ kind: "array", elements: [int(1), { kind: "null" }, int(3)] }],
    [{ kind: "array", elements: [text('a"\\,{}'), text("NULL"), text("")] }],
    [
      {
        kind: "array",
        elements: [
          { kind: "array", elements: [int(1)] },
          { kind: "array", elements: [int(2)] },
        ],
      },
    ],
    [{ kind: "array", elements: [{ kind: "bytes", value: Buffer.from([0, 255]) }] }],
  ])("%o come back as they were sent", async (value) => {
    expect(await one(shared, "SELECT $1", value)).toEqual(value);
  });

  test("of the app's own types come as text, with the type's name", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TYPE mood AS ENUM ('fine')"), call);
    const rows = await read(
      sql,
      "SELECT 'fine'::mood AS m, interval '1 day 02:00' AS i, '[1:2]={1,2}'::int[] AS shifted, jsonb '{\"a\":1}' AS j",
    );
    expect(rows.named.map(({ name, type }) => [name, type])).toEqual([
      ["m", "mood"],
      ["i", "interval"],
      ["shifted", "_int4"],
      ["j", "jsonb"],
    ]);
    expect(rows.taken[0]).toEqual([
      { kind: "other", value: "fine" },
      { kind: "other", value: "1 day 02:00:00" },
      { kind: "array", elements: [int(1), int(2)] },
      { kind: "json", value: '{"a": 1}' },
    ]);
  });

  test("of small types and of arrays that begin elsewhere are exact too", async () => {
    const rows = await read(
      shared,
      "SELECT 1::int2, 2::int4, 1.5::float4, 'x'::char(3), '[5:5]={1}'::int[], '10000-01-01'::timestamptz",
    );
    expect(rows.taken[0]).toEqual([
      int(1),
      int(2),
      { kind: "double", value: 1.5 },
      text("x  "),
      { kind: "other", value: "[5:5]={1}" },
      { kind: "other", value: "10000-01-01 00:00:00+00" },
    ]);
  });
});

test("as many queries at once as there are connections all learn the names of types that the app has made", async () => {
  const sql = await bound();
  await sql.execute(statement("CREATE TYPE mood AS ENUM ('fine')"), call);
  const results = await Promise.all(Array.from({ length: 5 }, () => read(sql, "SELECT 'fine'::mood, pg_sleep(0.1)")));
  expect(results.map(({ named }) => named[0]?.type)).toEqual(Array.from({ length: 5 }, () => "mood"));
});

describe("a query", () => {
  test("of a million rows is read as the app takes them, in batches that fit", async () => {
    const rows = new Rows();
    let heldMax = 0;
    rows.onRows = async () => {
      heldMax = Math.max(heldMax, rows.taken.length);
      rows.taken.length = 0;
    };
    await shared.query(statement("SELECT n, repeat('x', 20) FROM generate_series(1, 1000000) n"), rows, call);
    expect(rows.batches.reduce((sum, count) => sum + count, 0)).toBe(1_000_000);
    expect(heldMax).toBeLessThanOrEqual(1_000);
  });

  test("of large rows is held in part only", async () => {
    const rows = new Rows();
    let bytesMax = 0;
    rows.onRows = async () => {
      const bytes = rows.taken.reduce((sum, [value]) => sum + (value as { value: string }).value.length, 0);
      bytesMax = Math.max(bytesMax, bytes);
      rows.taken.length = 0;
    };
    // Small rows first, so that many are asked for at once.
    await shared.query(
      statement("SELECT repeat('x', CASE WHEN n < 2000 THEN 1 ELSE 1000000 END) FROM generate_series(1, 2100) n"),
      rows,
      call,
    );
    expect(rows.batches.reduce((sum, count) => sum + count, 0)).toBe(2_100);
    expect(bytesMax).toBeLessThan(16 * 2 ** 20);
  });

  test("that writes has committed when it returns, and nothing when its app goes away", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t (n int)"), call);
    await read(sql, "INSERT INTO t VALUES (1) RETURNING n");
    const rows = new Rows();
    rows.onRows = () => Promise.reject(new Error("gone"));
    await sql.query(statement("INSERT INTO t VALUES (2) RETURNING n"), rows, call).catch(() => {});
    expect((await read(sql, "SELECT n FROM t")).taken).toEqual([[int(1)]]);
  });
});

describe("a statement", () => {
  test.each([
    ["SELECT 1; SELECT 2", "42601"],
    ["SELEC 1", "42601"],
    ["SELECT * FROM nowhere", "42P01"],
    ["SELECT $1", "08P01"],
    ["SELECT 1/0", "22012"],
    ["BEGIN", "0A000"],
    ["/* x /* y */ */ -- z\n;  COMMIT", "0A000"],
    ["PREPARE TRANSACTION 'x'", "0A000"],
    ["COPY (SELECT 1) TO STDOUT", "0A000"],
    ["SELECT 1\0", "42601"],
    [" ", "42601"],
    ["; /* nothing */ -- at all", "42601"],
    ["SAVEPOINT s", "0A000"],
  ])("%j is refused with SQL_FAILED and the code %s, and the next one works", async (sql, code) => {
    for (const run of [(): Promise<unknown> => shared.execute(statement(sql), call), () => read(shared, sql)]) {
      const failure = await failureOf(run());
      expect([failure.reason, failure.metadata.sql_code]).toEqual(["SQL_FAILED", code]);
    }
    expect(await one(shared, "SELECT 1")).toEqual(int(1));
  });

  test("that copies from the app is refused", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t (n int)"), call);
    expect((await failureOf(sql.execute(statement("COPY t FROM STDIN"), call))).reason).toBe("SQL_FAILED");
    expect(await one(sql, "SELECT count(*) FROM t")).toEqual(int(0));
  });

  test("leaves nothing behind for the next call: settings, temporary tables, locks, prepared statements", async () => {
    const sql = await bound();
    for (const made of [
      "SET search_path = pg_catalog",
      "SET statement_timeout = 1",
      "SELECT set_config('search_path', 'pg_catalog', false)",
      "CREATE TEMPORARY TABLE t (n int)",
      "PREPARE p AS SELECT 1",
      "LISTEN everything",
    ]) {
      for (const run of [(): Promise<unknown> => sql.execute(statement(made), call), () => read(sql, made)]) {
        await run();
        expect(await one(sql, "SELECT current_setting('search_path')")).toEqual(text('"$user", public'));
      }
    }
    await one(sql, "SELECT pg_advisory_lock(1)");
    const locks = `SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
      WHERE l.locktype = 'advisory' AND d.datname = current_database()`;
    // The session is cleared when its call has been answered.
    await eventually(async () => ((await one(sql, locks)) as { value: bigint }).value === 0n);
    expect(
      await one(sql, "SELECT to_regclass('t') IS NULL AND NOT EXISTS (SELECT FROM pg_prepared_statements)"),
    ).toEqual({
      kind: "bool",
      value: true,
    });
  });

  test("stops on the server when its call is cancelled", async () => {
    const sql = await bound();
    const mark = `select pg_sleep(600) -- ${randomUUID()}`;
    const isRunning = async () =>
      (
        await runAsAdmin(
          `SELECT FROM pg_stat_activity WHERE query LIKE '%${mark.slice(-36)}' AND state = 'active' AND pid <> pg_backend_pid()`,
        )
      ).length > 0;
    for (const run of [
      (context: CallContext): Promise<unknown> => sql.execute(statement(mark), context),
      (context: CallContext): Promise<unknown> => sql.query(statement(mark), new Rows(), context),
    ]) {
      const gone = new AbortController();
      const failure = failureOf(run(callWith(gone.signal)));
      await eventually(isRunning);
      gone.abort();
      expect((await failure).reason).toBe("CANCELLED");
      await eventually(async () => !(await isRunning()));
    }
    expect(await one(sql, "SELECT 1")).toEqual(int(1));
  });

  test("stops on the server when its deadline has passed, even if nobody tells it", async () => {
    const sql = await bound();
    const failure = await failureOf(
      sql.execute(statement("SELECT pg_sleep(600)"), callWith(undefined, Date.now() + 300)),
    );
    expect(failure.reason).toBe("DEADLINE_EXCEEDED");
  });
});

describe("a transaction", () => {
  test("sees its own writes, hides them until it commits, and is gone when it rolls back", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t (n int)"), call);
    const [kept, dropped] = [await sql.begin(plain, call), await sql.begin(plain, call)];
    for (const [transaction, n] of [
      [kept, 1],
      [dropped, 2],
    ] as const) {
      expect(await transaction.execute(statement("INSERT INTO t VALUES ($1)", int(n)), call)).toBe(1);
      const rows = new Rows();
      await transaction.query(statement("SELECT n FROM t"), rows, call);
      expect(rows.taken).toEqual([[int(n)]]);
    }
    expect(await one(sql, "SELECT count(*) FROM t")).toEqual(int(0));
    await kept.commit();
    await dropped.rollback();
    expect((await read(sql, "SELECT n FROM t")).taken).toEqual([[int(1)]]);
  });

  test("goes on after a savepoint, and commits nothing after a failure", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t (n int)"), call);
    const saved = await sql.begin(plain, call);
    await saved.execute(statement("SAVEPOINT s"), call);
    await failureOf(Promise.resolve(saved.execute(statement("SELECT 1/0"), call)));
    await saved.execute(statement("ROLLBACK TO SAVEPOINT s"), call);
    await saved.execute(statement("INSERT INTO t VALUES (1)"), call);
    await saved.commit();
    const failed = await sql.begin(plain, call);
    await failed.execute(statement("INSERT INTO t VALUES (2)"), call);
    await failureOf(Promise.resolve(failed.execute(statement("SELECT 1/0"), call)));
    const failure = await failureOf(Promise.resolve(failed.commit()));
    expect([failure.reason, failure.metadata.sql_code]).toEqual(["SQL_FAILED", "25P02"]);
    expect((await read(sql, "SELECT n FROM t")).taken).toEqual([[int(1)]]);
  });

  test("that loses against another is told with TRANSACTION_CONFLICT", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t AS SELECT 0 AS n"), call);
    const begin = () => sql.begin({ ...plain, isolation: "serializable" }, call);
    const [one, other] = [await begin(), await begin()];
    const bump = statement("UPDATE t SET n = (SELECT max(n) + 1 FROM t)");
    const [rows] = [new Rows()];
    await other.query(statement("SELECT n FROM t"), rows, call);
    await one.execute(bump, call);
    await one.commit();
    expect((await failureOf(Promise.resolve(other.execute(bump, call)))).reason).toBe("TRANSACTION_CONFLICT");
    await other.rollback();
  });

  test("whose commit fails is over: the rollback that follows does nothing, and its connection serves the next", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE duty AS SELECT n FROM generate_series(1, 2) n"), call);
    const begin = () => sql.begin({ ...plain, isolation: "serializable" }, call);
    for (let round = 0; round < 3; round++) {
      const both = await Promise.all([begin(), begin()]);
      for (const transaction of both) await transaction.query(statement("SELECT count(*) FROM duty"), new Rows(), call);
      for (const transaction of both) await transaction.execute(statement("INSERT INTO duty VALUES (0)"), call);
      await both[0]!.commit();
      expect((await failureOf(Promise.resolve(both[1]!.commit()))).reason).toBe("TRANSACTION_CONFLICT");
      await Promise.all(both.map((transaction) => transaction.rollback()));
    }
    expect(await Promise.all(Array.from({ length: 10 }, () => one(sql, "SELECT count(*) FROM duty")))).toEqual(
      Array.from({ length: 10 }, () => int(5)),
    );
  });

  test("keeps nobody waiting for long after its plugin has vanished without a word", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t AS SELECT 1 AS n"), call);
    // Nobody stands between it and the server here who would end it first.
    const left = await sql.begin({ readOnly: false, idleTimeoutMs: 1_000 }, call);
    await left.execute(statement("UPDATE t SET n = 2"), call);
    expect(await sql.execute(statement("UPDATE t SET n = n + 10"), callWith(undefined, Date.now() + 10_000))).toBe(1);
    expect(await one(sql, "SELECT n FROM t")).toEqual(int(11));
    await left.rollback();
  });

  test("may only read when it says so", async () => {
    const sql = await bound();
    const transaction = await sql.begin({ ...plain, isolation: "repeatable-read", readOnly: true }, call);
    expect(transaction.isolation).toBe("repeatable-read");
    const failure = await failureOf(Promise.resolve(transaction.execute(statement("CREATE TABLE t ()"), call)));
    expect(failure.metadata.sql_code).toBe("25006");
    await transaction.rollback();
  });

  test("a batch is applied whole or not at all, and says which statement failed", async () => {
    const sql = await bound();
    await sql.execute(statement("CREATE TABLE t (n int UNIQUE)"), call);
    const insert = (n: number) => statement("INSERT INTO t VALUES ($1)", int(n));
    const failure = await failureOf(sql.executeBatch([insert(1), insert(2), insert(1)], call));
    expect([failure.reason, failure.metadata.index, failure.metadata.sql_code]).toEqual(["SQL_FAILED", "2", "23505"]);
    const marked = await failureOf(sql.executeBatch([insert(1), statement("SAVEPOINT s")], call));
    expect([marked.reason, marked.metadata.index]).toEqual(["SQL_FAILED", "1"]);
    expect(await one(sql, "SELECT count(*) FROM t")).toEqual(int(0));
    expect(await sql.executeBatch([insert(1), statement("UPDATE t SET n = n + 1")], call)).toEqual([1, 1]);
  });
});

describe("SQL of one namespace", () => {
  const secret = "nobody else knows";

  /** A namespace with a secret, and one that wants to know it. */
  async function neighbours(): Promise<{ spy: PostgresRelational; other: PostgresRelational; otherName: string }> {
    const [spy, other] = [await bound("look alike"), await bound("look_alike")];
    await other.execute(statement("CREATE TABLE secrets (v text)"), call);
    await other.execute(statement("INSERT INTO secrets VALUES ($1)", text(secret)), call);
    await other.execute(
      statement(`CREATE FUNCTION told() RETURNS text LANGUAGE sql AS $$ SELECT '${secret}' $$`),
      call,
    );
    await other.execute(statement("GRANT ALL ON secrets TO PUBLIC"), call);
    const otherName = (await one(other, "SELECT current_database()")) as { value: string };
    return { spy, other, otherName: otherName.value };
  }

  test("reaches nothing of another's, whatever it says", async () => {
    const { spy, otherName } = await neighbours();
    const plugins = new URL(sharedUrl()).username;
    const { schema } = connection.access;
    const attempts = [
      "SELECT v FROM secrets",
      `SELECT v FROM "${otherName}".public.secrets`,
      `SELECT v FROM "${otherName}".secrets`,
      `SELECT * FROM ${schema}.namespace`,
      `SELECT * FROM postgres.${schema}.relational_secret`,
      `SET ROLE "${otherName}"`,
      `SET ROLE ${plugins}`,
      `SET SESSION AUTHORIZATION ${plugins}`,
      `SELECT set_config('role', '${plugins}', false)`,
      `SELECT set_config('session_authorization', '${plugins}', false)`,
      "COPY (SELECT 1) TO PROGRAM 'id'",
      "COPY (SELECT 1) TO '/tmp/prism-copy'",
      "CREATE TABLE loot (line text); COPY loot FROM '/etc/passwd'",
      "SELECT pg_read_file('/etc/passwd')",
      "SELECT pg_ls_dir('/')",
      "SELECT lo_import('/etc/passwd')",
      "CREATE EXTENSION dblink",
      "CREATE EXTENSION postgres_fdw",
      "CREATE EXTENSION file_fdw",
      `SELECT dblink('dbname=${otherName}', 'SELECT v FROM secrets')`,
      "CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'libc', 'abs'",
      `ALTER ROLE "${otherName}" SET search_path = x`,
      `ALTER DATABASE "${otherName}" SET search_path = x`,
      `DROP DATABASE "${otherName}"`,
      `GRANT "${otherName}" TO CURRENT_USER`,
      "CREATE ROLE more SUPERUSER",
      "ALTER SYSTEM SET log_statement = 'all'",
      "SELECT rolpassword FROM pg_authid",
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname <> current_database()",
      "SELECT pg_logical_slot_get_changes('s', NULL, NULL)",
    ];
    for (const attempt of attempts) {
      const failure = await failureOf(read(spy, attempt));
      expect([attempt, failure.reason, JSON.stringify(failure).includes(secret)]).toEqual([
        attempt,
        "SQL_FAILED",
        false,
      ]);
    }
  });

  test("is still its own role after RESET ROLE, and in code that it runs", async () => {
    const { spy } = await neighbours();
    const role = await one(spy, "SELECT current_user");
    const transaction = await spy.begin(plain, call);
    for (const attempt of ["RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "RESET ALL", "DISCARD TEMP"]) {
      await transaction.execute(statement(attempt), call);
      const rows = new Rows();
      await transaction.query(
        statement("SELECT current_user, session_user, pg_has_role('pg_read_all_data', 'USAGE')"),
        rows,
        call,
      );
      expect(rows.taken).toEqual([[role, role, { kind: "bool", value: false }]]);
    }
    await transaction.execute(
      statement(
        "CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN current_user; END $$",
      ),
      call,
    );
    const rows = new Rows();
    await transaction.query(statement("SELECT f()"), rows, call);
    expect(rows.taken).toEqual([[{ kind: "text", value: (role as { value: string }).value }]]);
    await transaction.rollback();
  });

  test("reads neither large objects nor temporary tables of another's", async () => {
    const { spy, other } = await neighbours();
    const stored = (await one(other, "SELECT lo_from_bytea(0, $1)", { kind: "bytes", value: Buffer.from(secret) })) as {
      value: bigint;
    };
    const holder = await other.begin(plain, call);
    await holder.execute(statement(`CREATE TEMPORARY TABLE held AS SELECT '${secret}' AS v`), call);
    const rows = new Rows();
    await holder.query(statement("SELECT pg_my_temp_schema()::regnamespace::text"), rows, call);
    const schema = (rows.taken[0]![0] as { value: string }).value;
    for (const attempt of [`SELECT lo_get(${stored.value})`, `SELECT v FROM ${schema}.held`, "SELECT v FROM held"]) {
      const failure = await failureOf(read(spy, attempt));
      expect([attempt, failure.reason]).toEqual([attempt, "SQL_FAILED"]);
    }
    await holder.rollback();
    expect(await one(other, `SELECT lo_get(${stored.value})`)).toEqual({ kind: "bytes", value: Buffer.from(secret) });
  });

  test("sees no definitions, no code and no numbers of another's in the catalog", async () => {
    const { spy } = await neighbours();
    const seen = await read(
      spy,
      `SELECT (SELECT count(*) FROM pg_class WHERE relname = 'secrets'), (SELECT count(*) FROM pg_proc WHERE prosrc LIKE '%nobody else%' AND proname = 'told'),
        (SELECT count(*) FROM pg_stat_activity WHERE datname <> current_database() AND query NOT LIKE '<%' AND query <> '')`,
    );
    expect(seen.taken).toEqual([[int(0), int(0), int(0)]]);
  });

  test("neither holds another's advisory locks nor hears its notifications, nor those of the plugin", async () => {
    const { spy, other } = await neighbours();
    const holder = await other.begin(plain, call);
    await holder.execute(statement("SELECT pg_advisory_lock(1), pg_advisory_xact_lock(2, 3)"), call);
    expect(await one(spy, "SELECT pg_try_advisory_lock(1) AND pg_try_advisory_xact_lock(2, 3)")).toEqual({
      kind: "bool",
      value: true,
    });
    await holder.rollback();
    const heard: string[] = [];
    connection.bell.on("from a spy", () => heard.push("told"));
    await spy.execute(statement(`NOTIFY "prism:${connection.access.schema}", 'from a spy'`), call);
    await runAsAdmin(`NOTIFY "prism:${connection.access.schema}", 'from a spy'`);
    await eventually(() => heard.length > 0);
    expect(heard).toHaveLength(1);
  });

  test("that changes its role's password or settings does not shut itself out", async () => {
    const sql = await bound();
    await sql.execute(statement("ALTER ROLE CURRENT_USER PASSWORD 'mine'"), call);
    await sql.execute(statement("ALTER ROLE CURRENT_USER SET statement_timeout = 1"), call);
    await sql.execute(statement("ALTER ROLE CURRENT_USER SET datestyle = 'German'"), call);
    const again = await bound();
    expect(await one(again, "SELECT date '2026-02-28'")).toEqual({ kind: "date", value: "2026-02-28" });
    expect(await one(sql, "SELECT date '2026-02-28' FROM pg_sleep(0.01)")).toEqual({
      kind: "date",
      value: "2026-02-28",
    });
  });

  test("is gone with its database and role when the data is deleted", async () => {
    const sql = await bound("to be deleted");
    const name = ((await one(sql, "SELECT current_database()")) as { value: string }).value;
    expect(await binder.deleteData("to be deleted")).toHaveLength(1);
    const left = await runAsAdmin(
      `SELECT datname FROM pg_database WHERE datname = '${name}' UNION ALL SELECT rolname FROM pg_roles WHERE rolname = '${name}'`,
    );
    expect(left).toEqual([]);
    expect(await binder.deleteData("to be deleted")).toEqual([]);
  });

  test("that another process has removed is made anew, and is empty", async () => {
    const name = randomUUID();
    const sql = await bound(name);
    await sql.execute(statement("CREATE TABLE t (n int)"), call);
    const elsewhere = await openConnection({ schema: connection.access.schema });
    expect(await relationals(elsewhere, 2).binder.deleteData(name)).toHaveLength(1);
    const madeAgain = () => sql.execute(statement("CREATE TABLE t (n int)"), call).then(() => true);
    await eventually(() => madeAgain().catch(() => false));
  });

  test("is gone too when the process that began to remove it was gone before the end", async () => {
    const name = randomUUID();
    const sql = await bound(name);
    const database = ((await one(sql, "SELECT current_database()")) as { value: string }).value;
    await runAsAdmin(`UPDATE ${connection.access.schema}.namespace SET name = NULL WHERE name = '${name}'`);
    for (const chore of relationals(connection, 2).chores) await chore.run();
    expect(await runAsAdmin(`SELECT FROM pg_database WHERE datname = '${database}'`)).toEqual([]);
  });

  test("is gone with its database and role whatever another has granted to its role, and with its sessions at work", async () => {
    const { spy, other, otherName } = await neighbours();
    await spy.execute(statement("CREATE TABLE gift (n int)"), call);
    await spy.execute(statement(`GRANT ALL ON gift TO "${otherName}"`), call);
    const working = Array.from({ length: 4 }, () => failureOf(other.execute(statement("SELECT pg_sleep(600)"), call)));
    const held = await other.begin(plain, call);
    await held.execute(statement("LOCK TABLE secrets"), call);
    await binder.deleteData("look_alike");
    expect(await runAsAdmin(`SELECT FROM pg_roles WHERE rolname = '${otherName}'`)).toEqual([]);
    expect(new Set((await Promise.all(working)).map(({ reason }) => reason))).toEqual(new Set(["BACKEND_UNAVAILABLE"]));
    await held.rollback();
    expect(await one(spy, "SELECT count(*) FROM gift")).toEqual(int(0));
  });
});
