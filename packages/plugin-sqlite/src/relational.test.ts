import { statSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { CallContext, GatewayError, RowOutlet, SqlColumn, SqlStatement, SqlValue } from "@prism-data/pattern-sdk";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionPool } from "./sql/connection-pool.js";
import { relationalBinder } from "./sql/relational-binder.js";
import { call, callContext, temporaryFolder } from "./testing/temporary-store.js";

const program = fileURLToPath(new URL("../bundle/sql/process/main.js", import.meta.url));

const statement = (sql: string, ...parameters: SqlValue[]): SqlStatement => ({ sql, parameters });

/** Runs until it is stopped. */
const endless = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s) SELECT count(*) FROM s";

interface OpenOptions {
  readonly connectionsMax?: number;
  readonly busyTimeoutMs?: number;
}

/** A backend with the namespace `demo`; it is closed when the test is over. */
async function openBackend({ connectionsMax = 8, busyTimeoutMs = 5_000 }: OpenOptions = {}) {
  const path = join(temporaryFolder(), "data.db");
  const pool = new ConnectionPool({ program, connectionsMax });
  onTestFinished(() => pool.close());
  const binder = relationalBinder({ pool, path, maxBytes: undefined, busyTimeoutMs });
  const bind = (namespace: string) => binder.bind({ namespace, capabilities: new Set(), options: undefined });
  const { pattern: sql, changes, close } = await bind("demo");
  return { path, pool, binder, bind, sql, changes, close: close! };
}

/** Keeps the rows that it is given. */
class KeptRows implements RowOutlet {
  readonly batchRows = 1_000;
  columnNames: string[] = [];
  readonly kept: (readonly SqlValue[])[] = [];

  columns(columns: readonly SqlColumn[]): void {
    this.columnNames = columns.map(({ name }) => name);
  }

  async rows(rows: readonly (readonly SqlValue[])[]): Promise<void> {
    this.kept.push(...rows);
  }
}

async function failureOf(run: PromiseLike<unknown>): Promise<GatewayError> {
  return run.then(
    () => {
      throw new Error("It succeeded.");
    },
    (error) => error,
  );
}

/** The processes that run SQL for this one. */
async function childPids(): Promise<number[]> {
  const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, "utf8");
  const pids = children.trim().split(" ").filter(Boolean).map(Number);
  const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
  return pids.filter((_, index) => commands[index]!.includes("sql/process/main.js"));
}

describe("a namespace", () => {
  test("is a file of its own, for this user only, that goes with its data", async () => {
    const { path, binder, changes, close } = await openBackend();
    const file = join(`${path}.sql`, "demo.db");
    expect(changes).toEqual([`made the file ${file}`]);
    const modes = [`${path}.sql`, file, `${file}-wal`].map((name) => (statSync(name).mode & 0o777).toString(8));
    expect(modes).toEqual(["700", "600", "600"]);
    await close();
    expect(await binder.deleteData("demo")).toEqual([`removed the file ${file}`]);
    expect(await readdir(`${path}.sql`)).toEqual([]);
    expect(await binder.deleteData("demo")).toEqual([]);
  });

  test("leaves no log behind when it is unbound", async () => {
    const { path, sql, close } = await openBackend();
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    await close();
    expect(await readdir(`${path}.sql`)).toEqual(["demo.db"]);
  });

  test("whose file is damaged is not bound", async () => {
    const { path, bind } = await openBackend();
    await writeFile(join(`${path}.sql`, "broken.db"), "not a database, but long enough to be read as one".repeat(100));
    expect(await failureOf(Promise.resolve(bind("broken")))).toMatchObject({ reason: "BACKEND_FAILED" });
  });

  test("whose file is deleted under it fails clearly", async () => {
    const { path, sql } = await openBackend();
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    await rm(dirname(join(`${path}.sql`, "demo.db")), { recursive: true });
    for (const run of [
      () => sql.execute(statement("INSERT INTO t VALUES (1)"), call),
      () => sql.query(statement("SELECT 1"), new KeptRows(), call),
      () => sql.executeBatch([statement("INSERT INTO t VALUES (1)")], call),
      () => sql.begin({ readOnly: false, idleTimeoutMs: 10_000 }, call),
    ]) {
      const failure = await failureOf(run());
      expect(failure).toMatchObject({ reason: "BACKEND_UNAVAILABLE", message: expect.stringContaining("removed") });
    }
  });
});

describe("parameters", () => {
  test.each<[string, SqlValue]>([
    ["NaN", { kind: "double", value: Number.NaN }],
    ["an array", { kind: "array", elements: [] }],
  ])("that SQLite cannot hold, such as %s, are refused by their place", async (_, value) => {
    const { sql } = await openBackend();
    const failure = await failureOf(sql.execute(statement("SELECT ?1, ?2", { kind: "null" }, value), call));
    expect(failure).toMatchObject({ reason: "INVALID_FIELD", fieldViolations: [{ field: "parameters[1]" }] });
  });
});

describe("a process that runs SQL", () => {
  test("that is killed fails its statement, and the next one runs in another", async () => {
    const { sql } = await openBackend();
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    const running = failureOf(sql.execute(statement(endless), call));
    await expect.poll(async () => (await childPids()).length).toBe(1);
    for (const pid of await childPids()) process.kill(pid, "SIGKILL");
    expect(await running).toMatchObject({
      reason: "BACKEND_UNAVAILABLE",
      message: expect.stringContaining("may or may not"),
    });
    expect(await sql.execute(statement("INSERT INTO t VALUES (1)"), call)).toBe(1);
  });

  test("that is killed between two statements is not noticed by the next", async () => {
    const { sql, pool } = await openBackend();
    for (const pid of await childPids()) process.kill(pid, "SIGKILL");
    await expect.poll(() => pool.counts.connections).toBe(0);
    expect(await sql.execute(statement("CREATE TABLE t (k)"), call)).toBe(0);
  });

  test("whose caller has gone ends soon, and is counted", async () => {
    const { sql, pool } = await openBackend();
    const stop = new AbortController();
    const running = failureOf(sql.execute(statement(endless), callContext({ signal: stop.signal })));
    await expect.poll(async () => (await childPids()).length).toBe(1);
    const [pid] = await childPids();
    stop.abort(new Error("gone"));
    expect(await running).toMatchObject({ message: "gone" });
    expect(await childPids()).not.toContain(pid);
    expect(pool.counts).toEqual({ connections: 0, stopped: 1 });
  });

  test("is not ended for a statement that ends by itself when its caller has gone", async () => {
    const { sql, pool } = await openBackend();
    const stop = new AbortController();
    const running = failureOf(sql.execute(statement("SELECT 1"), callContext({ signal: stop.signal })));
    stop.abort(new Error("gone"));
    expect(await running).toMatchObject({ message: "gone" });
    expect(await sql.execute(statement("CREATE TABLE t (k)"), call)).toBe(0);
    expect(pool.counts.stopped).toBe(0);
  });

  test("does not outlive the pool", async () => {
    const { sql, pool } = await openBackend();
    const running = failureOf(sql.execute(statement(endless), call));
    await expect.poll(async () => (await childPids()).length).toBe(1);
    await pool.close();
    expect(await running).toMatchObject({ reason: "NAMESPACE_UNAVAILABLE" });
    await expect.poll(childPids).toEqual([]);
  });
});

describe("connections", () => {
  test("are not more than they may be, and one namespace gets half of them", async () => {
    const { sql, bind, pool } = await openBackend({ connectionsMax: 4 });
    const { pattern: other } = await bind("other");
    const open = await Promise.all([1, 2].map(() => sql.begin({ readOnly: true, idleTimeoutMs: 10_000 }, call)));
    const stop = new AbortController();
    const third = failureOf(sql.begin({ readOnly: true, idleTimeoutMs: 10_000 }, callContext({ signal: stop.signal })));
    for (let round = 0; round < 5; round++) await other.execute(statement("SELECT 1"), call);
    stop.abort(new Error("waited"));
    expect(await third).toMatchObject({ message: "waited" });
    expect(pool.counts.connections).toBeLessThanOrEqual(4);
    for (const transaction of open) await transaction.rollback();
  });

  test("serve those who wait in the order in which they came", async () => {
    const { sql } = await openBackend({ connectionsMax: 2 });
    await sql.execute(statement("CREATE TABLE t (k INTEGER PRIMARY KEY, n)"), call);
    const inserts = Array.from({ length: 20 }, (_, n) =>
      sql.execute(statement("INSERT INTO t (n) VALUES (?1)", { kind: "int64", value: BigInt(n) }), call),
    );
    await Promise.all(inserts);
    const rows = new KeptRows();
    await sql.query(statement("SELECT n FROM t ORDER BY k"), rows, call);
    expect(rows.kept).toEqual(Array.from({ length: 20 }, (_, n) => [{ kind: "int64", value: BigInt(n) }]));
  });

  test("serve many namespaces, each its own file", async () => {
    const { bind, pool } = await openBackend({ connectionsMax: 2 });
    const names = Array.from({ length: 12 }, (_, index) => `namespace ${index}`);
    const bound = await Promise.all(names.map(async (name) => (await bind(name)).pattern));
    await Promise.all(
      bound.map((one, index) =>
        one.executeBatch(
          [
            statement("CREATE TABLE t (v)"),
            statement("INSERT INTO t VALUES (?1)", { kind: "text", value: names[index]! }),
          ],
          call,
        ),
      ),
    );
    for (const [index, one] of bound.entries()) {
      const rows = new KeptRows();
      await one.query(statement("SELECT v FROM t"), rows, call);
      expect(rows.kept).toEqual([[{ kind: "text", value: names[index] }]]);
    }
    expect(pool.counts.connections).toBeLessThanOrEqual(2);
  });
});

describe("a statement that meets another transaction", () => {
  test("waits for its end", async () => {
    const { sql } = await openBackend();
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    const transaction = await sql.begin({ readOnly: false, idleTimeoutMs: 10_000 }, call);
    await transaction.execute(statement("INSERT INTO t VALUES (1)"), call);
    let isDone = false;
    const waiting = sql.execute(statement("INSERT INTO t VALUES (2)"), call).then(() => {
      isDone = true;
    });
    await sql.query(statement("SELECT * FROM t"), new KeptRows(), call);
    expect(isDone).toBe(false);
    await transaction.commit();
    await waiting;
  });

  test("gives up after the busy timeout, and says to try again", async () => {
    const { sql } = await openBackend({ busyTimeoutMs: 50 });
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    const transaction = await sql.begin({ readOnly: false, idleTimeoutMs: 10_000 }, call);
    await transaction.execute(statement("INSERT INTO t VALUES (1)"), call);
    const failure = await failureOf(sql.execute(statement("INSERT INTO t VALUES (2)"), call));
    expect(failure).toMatchObject({ reason: "TRANSACTION_CONFLICT", metadata: { sql_code: "SQLITE_BUSY" } });
    await transaction.rollback();
  });

  test("stops waiting when its caller has gone", async () => {
    const { sql } = await openBackend();
    await sql.execute(statement("CREATE TABLE t (k)"), call);
    const transaction = await sql.begin({ readOnly: false, idleTimeoutMs: 10_000 }, call);
    await transaction.execute(statement("INSERT INTO t VALUES (1)"), call);
    const stop = new AbortController();
    const gone: CallContext = callContext({ signal: stop.signal });
    const waiting = failureOf(sql.execute(statement("INSERT INTO t VALUES (2)"), gone));
    await sql.query(statement("SELECT * FROM t"), new KeptRows(), call);
    stop.abort(new Error("gone"));
    expect(await waiting).toMatchObject({ message: "gone" });
    await transaction.commit();
  });
});
