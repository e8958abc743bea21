import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { memory, postgres, sqlite } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { forgetPeakMemory, peakMemoryMib } from "./peak-memory.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { childrenOf, isLive } from "./process-table.ts";
import { RelationalClient } from "./relational-client.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const service = "prism.relational.v1.RelationalService";
const withinMs = 20_000;

/** Namespaces of different runs never meet on the shared PostgreSQL. */
const run = randomUUID().slice(0, 8);
const ledger = `ledger-${run}`;
const other = `other-${run}`;

/** The data systems with SQL, and how each numbers parameters. */
const dialects = [
  { backend: sqlite, parameter: (number: number) => `?${number}` },
  { backend: postgres, parameter: (number: number) => `$${number}` },
].map((dialect) => ({ ...dialect, name: dialect.backend.name }));

function configOn({ name, config }: { readonly name: string; config(): object }): PrismConfig {
  return {
    backends: { [name]: config(), memory: memory.config() },
    namespaces: {
      [ledger]: { pattern: "relational", backend: name },
      [other]: { pattern: "relational", backend: name },
      demo: { pattern: "key-value", backend: "memory" },
    },
  };
}

const series = (last?: number) =>
  `WITH RECURSIVE s(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM s${last === undefined ? "" : ` WHERE n < ${last}`})`;

describe.each(dialects)("SQL on $name", ({ backend, parameter: p }) => {
  let prism: PrismProcess;
  let sql: RelationalClient;
  let tables = 0;

  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOn(backend) });
    sql = new RelationalClient(prism.listen, ledger);
  });
  afterAll(async () => {
    sql[Symbol.dispose]();
    await prism[Symbol.asyncDispose]();
  });

  /** Makes a table of its own for a test. */
  async function makeTable(columns = "k BIGINT PRIMARY KEY, v TEXT"): Promise<string> {
    const table = `t${++tables}_${run}`;
    await sql.execute(`CREATE TABLE ${table} (${columns})`);
    return table;
  }

  test("values go in as parameters and come back with their kinds", async () => {
    const table = await makeTable("a BIGINT, b TEXT, c BOOLEAN, d DOUBLE PRECISION, e BYTEA, f DATE, g UUID, h TEXT");
    const uuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11";
    const parameters = [
      { int64: 42 },
      { text: "'; DROP TABLE t; --" },
      { bool: true },
      { double: 0.1 },
      { bytes: Buffer.of(0, 255) },
      { date: "2024-02-29" },
      { uuid },
      { null: true },
    ];
    const places = parameters.map((_, index) => p(index + 1)).join(", ");
    expect(await sql.execute(`INSERT INTO ${table} VALUES (${places})`, parameters)).toBe(1);
    expect(await sql.rows(`SELECT * FROM ${table} WHERE a = ${p(1)}`, [{ int64: 42 }])).toEqual([
      [
        ...["int64:42", "text:'; DROP TABLE t; --", "bool:true", "double:0.1", "bytes:00ff", "date:2024-02-29"],
        ...[`uuid:${uuid}`, "null"],
      ],
    ]);
  });

  test("a batch is done whole or not at all", async () => {
    const table = await makeTable();
    const counts = await sql.executeBatch(`INSERT INTO ${table} VALUES (1, 'a'), (2, 'b')`, `DELETE FROM ${table}`);
    expect(counts).toEqual([2, 2]);
    const failure = await failureFrom(
      sql.executeBatch(`INSERT INTO ${table} VALUES (1, 'a')`, `INSERT INTO ${table} VALUES (1, 'again')`),
    );
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", reason: "SQL_FAILED", metadata: { index: "1" } });
    expect(await sql.rows(`SELECT * FROM ${table}`)).toEqual([]);
  });

  test("a transaction is seen when it is committed, and not at all when its app goes away", async () => {
    const table = await makeTable();
    const kept = await sql.begin();
    expect(await kept.execute(`INSERT INTO ${table} VALUES (1, 'kept')`)).toBe(1);
    expect(await kept.rows(`SELECT v FROM ${table}`)).toEqual([["text:kept"]]);
    expect(await sql.rows(`SELECT v FROM ${table}`)).toEqual([]);
    await kept.commit();
    const left = await sql.begin();
    await left.execute(`UPDATE ${table} SET v = 'lost'`);
    left.cancel();
    expect(await sql.execute(`UPDATE ${table} SET v = 'changed'`)).toBe(1);
    expect(await sql.rows(`SELECT v FROM ${table}`)).toEqual([["text:changed"]]);
  });

  test("a statement stops at its deadline, and is in nobody's way", async () => {
    const table = await makeTable();
    const endless = `INSERT INTO ${table} ${series()} SELECT n, 'a' FROM s`;
    expect(await failureFrom(sql.execute(endless, [], 700))).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(await sql.execute(`INSERT INTO ${table} VALUES (1, 'b')`)).toBe(1);
    expect(await sql.rows(`SELECT k, v FROM ${table}`)).toEqual([["int64:1", "text:b"]]);
  });

  test("JSON runs statements, with int64 as text and bytes as base64", async () => {
    const table = await makeTable("n BIGINT, b BYTEA");
    const call = (method: string, body: object) =>
      callJson(prism.listen, `${service}/${method}`, { namespace: ledger, ...body });
    const inserted = await call("Execute", {
      statement: {
        sql: `INSERT INTO ${table} VALUES (${p(1)}, ${p(2)})`,
        parameters: [{ int64: "9007199254740993" }, { bytes: "AP8=" }],
      },
    });
    expect(inserted).toEqual({ status: 200, body: { rowsAffected: "1" } });
    const batch = await call("ExecuteBatch", { statements: [{ sql: `SELECT n FROM ${table}` }] });
    expect(batch).toMatchObject({ status: 200, body: { results: [{}] } });
    const answer = await call("Query", { statement: { sql: `SELECT n, b FROM ${table}` } });
    expect(answer).toMatchObject({
      status: 200,
      body: { rows: [{ values: [{ int64: "9007199254740993" }, { bytes: "AP8=" }] }] },
    });
    const wrong = await call("Execute", { statement: { sql: "SELEKT 1" } });
    expect([wrong.status, reasonOf(wrong)]).toEqual([400, "SQL_FAILED"]);
  });

  test("SQL sent to one namespace does not reach another", async () => {
    using theirs = new RelationalClient(prism.listen, other);
    await theirs.execute("CREATE TABLE IF NOT EXISTS secrets (v TEXT)");
    await theirs.execute("INSERT INTO secrets VALUES ('secret')");
    for (const schema of ["", `"${other}".`, "public.", "main."]) {
      const failure = await failureFrom(sql.rows(`SELECT * FROM ${schema}secrets`));
      expect(failure.reason, schema).toBe("SQL_FAILED");
    }
    expect(await theirs.rows("SELECT v FROM secrets")).toEqual([["text:secret"]]);
    await theirs.execute("DROP TABLE secrets");
  });

  test("what is wrong is refused by the name of its field", async () => {
    using nobody = new RelationalClient(prism.listen, "nobody");
    using demo = new RelationalClient(prism.listen, "demo");
    const withoutBegin = () => {
      const transaction = sql.openTransaction();
      transaction.send({ namespace: ledger, execute: { sql: "SELECT 1" } });
      return transaction.answer();
    };
    const refused: [call: () => Promise<unknown>, failure: object][] = [
      [() => sql.execute(""), { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD", fields: ["statement.sql"] }],
      [
        () => sql.execute(`SELECT ${p(1)}`, [{ date: "tomorrow" }]),
        { code: "INVALID_ARGUMENT", fields: ["statement.parameters[0].date"] },
      ],
      [() => sql.executeBatch(), { code: "INVALID_ARGUMENT", fields: ["statements"] }],
      [withoutBegin, { code: "INVALID_ARGUMENT", fields: ["begin"] }],
      [() => nobody.execute("SELECT 1"), { reason: "NAMESPACE_NOT_FOUND" }],
      [() => nobody.begin(), { reason: "NAMESPACE_NOT_FOUND" }],
      [() => demo.execute("SELECT 1"), { reason: "PATTERN_MISMATCH" }],
      [() => demo.begin(), { reason: "PATTERN_MISMATCH" }],
    ];
    for (const [call, failure] of refused) expect(await failureFrom(call())).toMatchObject(failure);
  });

  test("a million rows pass in bounded memory, at the pace of the app", async () => {
    const pid = await pluginPid(prism.admin, backend.name);
    const processes = [prism.pid, pid, ...childrenOf(pid).map((child) => child.pid)];
    for (const each of processes) forgetPeakMemory(each);
    const before = processes.map(peakMemoryMib);
    let rows = 0;
    let last = "";
    for await (const answer of sql.query(`${series(1_000_000)} SELECT n, 'row ' || n FROM s`, [], 120_000)) {
      rows += answer.rows.length;
      last = String(answer.rows.at(-1)?.values[1]?.text ?? last);
      // Now and then the app does something else for a moment, while the rows would come.
      if (rows % 100_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect([rows, last]).toEqual([1_000_000, "row 1000000"]);
    const grownMib = processes.map((each, index) => peakMemoryMib(each) - before[index]!);
    // The rows are some 40 MB on the wire, and several times that in a process that held them.
    for (const grown of grownMib) expect(grown).toBeLessThan(64);
  }, 150_000);
});

describe.each(dialects)("SQL on $name when its plugin is killed", ({ backend }) => {
  let prism: PrismProcess;
  let sql: RelationalClient;
  let pid = 0;

  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOn(backend) });
    sql = new RelationalClient(prism.listen, ledger);
  });
  afterAll(async () => {
    sql[Symbol.dispose]();
    await prism[Symbol.asyncDispose]();
  });

  test("an open transaction ends as PLUGIN_CRASHED, is rolled back, and holds nobody up", async () => {
    const table = `killed_${run}`;
    await sql.execute(`CREATE TABLE ${table} (k BIGINT)`);
    await sql.execute(`INSERT INTO ${table} VALUES (1)`);
    const transaction = await sql.begin({ idleTimeout: { seconds: 600 } });
    await transaction.execute(`DELETE FROM ${table}`);
    pid = await pluginPid(prism.admin, backend.name);
    process.kill(pid, "SIGKILL");
    const failure = await failureFrom(transaction.answer());
    expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED", domain: "prism.dev" });
    expect(failure.retryDelayMs).toBeGreaterThan(0);
    await pluginPid(prism.admin, backend.name, pid);
    expect(await sql.execute(`UPDATE ${table} SET k = 2`)).toBe(1);
    expect(await sql.rows(`SELECT k FROM ${table}`)).toEqual([["int64:2"]]);
  });

  test("a query in mid-stream ends as PLUGIN_CRASHED, and its processes with it", async () => {
    pid = await pluginPid(prism.admin, backend.name);
    const reading = sql.query(`${series()} SELECT n FROM s`);
    const ended = new Promise((_, reject) => reading.once("error", reject));
    await new Promise((resolve) => reading.once("data", resolve));
    const processes = [pid, ...childrenOf(pid).map((child) => child.pid)];
    process.kill(pid, "SIGKILL");
    expect(await failureFrom(ended)).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED" });
    await eventually("nothing of the plugin is left", withinMs, () => !processes.some(isLive));
    await pluginPid(prism.admin, backend.name, pid);
    expect(await sql.rows("SELECT 1 AS n")).toHaveLength(1);
  });
});

test("a proxy that is killed leaves no process that runs SQL behind", async () => {
  await using prism = await PrismProcess.start({ config: configOn(sqlite) });
  using sql = new RelationalClient(prism.listen, ledger);
  const pid = await pluginPid(prism.admin, "sqlite");
  const running = sql.execute(`${series()} SELECT count(*) FROM s`).catch(() => undefined);
  const processes = await eventually("a statement runs", withinMs, () => {
    const children = childrenOf(pid).filter(({ state }) => state === "R");
    return children.length > 0 && [pid, ...childrenOf(pid).map((child) => child.pid)];
  });
  await prism.stop("SIGKILL");
  await running;
  await eventually("nothing of it is left", withinMs, () => !processes.some(isLive));
});

test("a graceful stop lets a transaction come to its end, and what it committed is there", async () => {
  await using folder = await createTemporaryFolder();
  {
    const config = { ...configOn(sqlite), shutdown_grace: "2s" };
    await using prism = await PrismProcess.start({ config, folder: folder.path });
    using sql = new RelationalClient(prism.listen, ledger);
    await sql.execute("CREATE TABLE t (k BIGINT)");
    const [kept, left] = [await sql.begin(), await sql.begin({ idleTimeout: { seconds: 600 } })];
    await left.rows("SELECT k FROM t");
    const leftBehind = failureFrom(left.answer());
    await kept.execute("INSERT INTO t VALUES (1)");
    const stopped = prism.stop("SIGTERM");
    await kept.execute("INSERT INTO t VALUES (2)");
    await kept.commit();
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect((await leftBehind).code).toBe("UNAVAILABLE");
  }
  await using prism = await PrismProcess.start({ config: configOn(sqlite), folder: folder.path });
  using sql = new RelationalClient(prism.listen, ledger);
  expect(await sql.rows("SELECT k FROM t ORDER BY k")).toEqual([["int64:1"], ["int64:2"]]);
});

test("a namespace that needs what its backend does not have is named at start", async () => {
  const config = configOn(sqlite);
  const namespaces = { ...config.namespaces, wide: { pattern: "relational", backend: "sqlite", needs: ["arrays"] } };
  await using prism = await PrismProcess.launch({ config: { ...config, namespaces } });
  expect((await prism.ended).code).toBe(2);
  expect(prism.stderr).toContain("arrays");
});
