import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { expectFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import type { RelationalSubject } from "./relational-subject.js";

/** Ends of names that are easily taken for each other; the last three are Cyrillic, composed and with a combining accent. */
const nameEnds = [
  "a",
  "a:b",
  "a%",
  "a_",
  "A",
  "a ",
  "a\0",
  "a/b",
  "../a",
  "a*",
  'a"b',
  "a'b",
  "ab",
  "а",
  "é",
  "e\u0301",
];

/** What no statement of another namespace may ever return. */
const secret = "the secret of the other namespace";

/** Ways out of a namespace, in any dialect. `other` is the other namespace's name. */
function attempts(other: string): readonly string[] {
  const quoted = `"${other.replaceAll('"', '""')}"`;
  const text = `'${other.replaceAll("'", "''")}'`;
  const schemas = [quoted, "public", "main", "temp", "pg_catalog", "information_schema", `"other"`];
  return [
    ...schemas.flatMap((schema) => [
      `SELECT * FROM ${schema}.secrets`,
      `DELETE FROM ${schema}.secrets`,
      `DROP TABLE ${schema}.secrets`,
      `CREATE TABLE ${schema}.planted (n BIGINT)`,
    ]),
    "SELECT * FROM secrets",
    `ATTACH DATABASE ${text} AS other`,
    `ATTACH ${text} AS other`,
    "ATTACH ':memory:' AS other",
    "DETACH DATABASE main",
    "VACUUM",
    `VACUUM INTO ${text}`,
    "VACUUM main INTO '/tmp/stolen.db'",
    "PRAGMA database_list",
    "SELECT * FROM pragma_database_list",
    "PRAGMA writable_schema = ON",
    "PRAGMA journal_mode = DELETE",
    "PRAGMA query_only = OFF",
    "PRAGMA temp_store_directory = '/tmp'",
    "SELECT load_extension('/tmp/evil')",
    "SELECT fts3_tokenizer('simple', x'0000000000000000')",
    "SELECT readfile('/etc/passwd')",
    "SELECT writefile('/tmp/planted', 'x')",
    "CREATE VIRTUAL TABLE stolen USING csv(filename='/etc/passwd')",
    `SET search_path = ${quoted}, public`,
    `SELECT set_config('search_path', ${text}, false)`,
    "SET ROLE postgres",
    "RESET ROLE",
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET SESSION AUTHORIZATION",
    "RESET ALL",
    "DISCARD ALL",
    "COPY (SELECT 1) TO '/tmp/planted'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "CREATE TABLE passwords AS SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT * FROM pg_authid",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
    "CREATE EXTENSION dblink",
    "ALTER SYSTEM SET log_statement = 'all'",
    `DROP SCHEMA ${quoted} CASCADE`,
    `CREATE SCHEMA planted`,
    "DO $$ BEGIN EXECUTE 'SET ROLE postgres'; END $$",
    "USE other",
  ];
}

export const isolationCases = casesOf("isolation", [], {
  "namespaces whose names are alike share nothing": async (_, subject) => {
    const namespaces = await alikeNamespaces(subject);
    for (const sql of namespaces) await sql.execute("CREATE TABLE t (name TEXT)");
    for (const sql of namespaces) await sql.execute("INSERT INTO t VALUES (?1)", [sql.namespace.replaceAll("\0", "")]);
    for (const sql of namespaces) {
      assert.deepEqual(await sql.rows("SELECT name FROM t"), [[sql.namespace.replaceAll("\0", "")]], sql.namespace);
    }
    for (const [index, sql] of namespaces.entries()) {
      await sql.execute("DROP TABLE t");
      const next = namespaces[index + 1];
      if (next !== undefined) assert.equal((await next.rows("SELECT name FROM t")).length, 1, next.namespace);
    }
  },

  "no statement reaches another namespace, whatever it says": async (sql, subject) => {
    const other = await subject.namespace();
    await makeSecret(other);
    for (const attempt of attempts(other.namespace)) {
      const ways: readonly (() => Promise<unknown>)[] = [
        () => sql.execute(attempt),
        () => sql.rows(attempt),
        () => sql.executeBatch([[attempt]]),
      ];
      for (const way of ways) assertTold(await outcomeOf(way()), attempt);
      const after = await outcomeOf(sql.rows("SELECT * FROM secrets"));
      assert.ok(after instanceof GatewayError, `secrets can be read after: ${attempt}`);
    }
    await assertSecret(other);
  },

  "no transaction reaches another namespace, whatever it says": async (sql, subject) => {
    const other = await subject.namespace();
    await makeSecret(other);
    for (const attempt of attempts(other.namespace)) {
      const transaction = await sql.begin();
      const ways: readonly (() => Promise<unknown>)[] = [
        () => transaction.execute(attempt),
        () => transaction.rows("SELECT * FROM secrets"),
      ];
      for (const way of ways) {
        const outcome = await outcomeOf(way());
        assertTold(outcome, attempt);
        if (outcome instanceof GatewayError && outcome.reason !== "SQL_FAILED") break;
      }
      transaction.cancel();
      assert.ok((await outcomeOf(sql.rows("SELECT * FROM secrets"))) instanceof GatewayError, attempt);
    }
    await assertSecret(other);
  },

  "a namespace works after every attempt to leave it": async (sql, subject) => {
    const other = await subject.namespace();
    await sql.execute("CREATE TABLE t (n BIGINT)");
    for (const [index, attempt] of attempts(other.namespace).entries()) {
      await outcomeOf(sql.execute(attempt));
      await sql.execute("INSERT INTO t VALUES (?1)", [BigInt(index)]);
      assert.deepEqual(await sql.rows("SELECT count(*) FROM t"), [[BigInt(index + 1)]], attempt);
    }
  },

  "deleting the data of a namespace leaves the others": async (_, subject) => {
    const namespaces = await alikeNamespaces(subject);
    for (const sql of namespaces) await makeSecret(sql);
    for (const [index, { namespace }] of namespaces.entries()) {
      await subject.unbind(namespace, { deleteData: true });
      for (const other of namespaces.slice(index + 1)) await assertSecret(other);
    }
  },

  "a namespace whose data was deleted is empty when it is bound again": async (_, subject) => {
    const name = subject.freshName();
    await makeSecret(await subject.namespace({ name }));
    await subject.unbind(name, { deleteData: true });
    const again = await subject.namespace({ name });
    await expectFailure(again.query("SELECT * FROM secrets"), "SQL_FAILED");
    await makeSecret(again);
    await assertSecret(again);
  },

  "binding again keeps the data, also after an unbind that does not delete it": async (_, subject) => {
    const name = subject.freshName();
    const sql = await subject.namespace({ name });
    await makeSecret(sql);
    await subject.namespace({ name });
    await assertSecret(sql);
    await subject.unbind(name);
    await expectFailure(sql.execute("SELECT 1"), "NAMESPACE_NOT_FOUND");
    await expectFailure(sql.query("SELECT 1"), "NAMESPACE_NOT_FOUND");
    await expectFailure(sql.begin(), "NAMESPACE_NOT_FOUND");
    await subject.namespace({ name });
    await assertSecret(sql);
  },

  "an unbind ends what runs and rolls it back": async (_, subject) => {
    const name = subject.freshName();
    const sql = await subject.namespace({ name });
    await makeSecret(sql);
    const transaction = await sql.begin();
    await transaction.execute("DELETE FROM secrets");
    await subject.unbind(name);
    await expectFailure(transaction.ended(), "NAMESPACE_UNAVAILABLE");
    await subject.namespace({ name });
    await assertSecret(sql);
  },

  "a bind that is only planned makes nothing": async (_, subject) => {
    const name = subject.freshName();
    await subject.bind(name, { planOnly: true });
    await expectFailure(subject.clientOf(name).execute("SELECT 1"), "NAMESPACE_NOT_FOUND");
    const sql = await subject.namespace({ name });
    await sql.execute("CREATE TABLE secrets (n BIGINT)");
  },
});

async function makeSecret(sql: RelationalClient): Promise<void> {
  await sql.execute("CREATE TABLE secrets (v TEXT)");
  await sql.execute("INSERT INTO secrets VALUES (?1)", [secret]);
}

async function assertSecret(sql: RelationalClient): Promise<void> {
  assert.deepEqual(await sql.rows("SELECT v FROM secrets"), [[secret]], sql.namespace);
}

/** An attempt may fail, or be harmless; it may not tell anything. */
function assertTold(outcome: unknown, attempt: string): void {
  const told = JSON.stringify(outcome, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  assert.ok(!told?.includes(secret), `told the secret: ${attempt}`);
  assert.ok(!told?.includes("root:"), `told what is in a file of the machine: ${attempt}`);
}

/** Namespaces with the names above, after a part that no other case uses. */
function alikeNamespaces(subject: RelationalSubject): Promise<RelationalClient[]> {
  const base = subject.freshName();
  return Promise.all(nameEnds.map((end) => subject.namespace({ name: `${base}${end}` })));
}
