import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { sqlite } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { type CommandOptions, type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { childrenOf } from "./process-table.ts";
import { prismProgram } from "./repository.ts";
import { Terminal } from "./terminal.ts";

let prism: PrismProcess;

beforeAll(async () => {
  const config = {
    backends: { sqlite: sqlite.config() },
    namespaces: { ledger: { pattern: "relational", backend: "sqlite" } },
  };
  prism = await PrismProcess.start({ config });
  await sql(["execute", "ledger", "CREATE TABLE account (id BIGINT PRIMARY KEY, owner TEXT, open BOOLEAN, seal BLOB)"]);
  await sql(["execute", "ledger", "INSERT INTO account VALUES (?1, ?2, ?3, ?4)", "1", "Ada", "true", "bytes:AP8="]);
  await sql(["execute", "ledger", "INSERT INTO account VALUES (?1, ?2, ?3, ?4)", "2", "Björn\nB", "null", "null"]);
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Runs `prism sql …` against the proxy. */
function sql(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runPrism(["sql", ...given], { ...options, environment: { PRISM_SERVER: prism.listen } });
}

const textOf = ({ stdout }: CommandResult) => stdout.toString();
const endless = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s)";

describe("sql query", () => {
  test("prints a table", async () => {
    const { code, stdout, stderr } = await sql(["query", "ledger", "SELECT * FROM account ORDER BY id"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.toString()).toBe(
      ["id  owner     open  seal", " 1  Ada       true  \\x00ff", " 2  Björn\\nB  NULL  NULL", ""].join("\n"),
    );
  });

  test("--json prints an object per row, in the forms of proto3 JSON", async () => {
    const given = ["query", "ledger", "SELECT id, owner, seal, id FROM account WHERE owner = ?1", "Ada", "--json"];
    expect(textOf(await sql(given))).toBe('{"id":"1","owner":"Ada","seal":"AP8=","id:2":"1"}\n');
  });

  test("reads the statement from a file, where all arguments are parameters, and from stdin", async () => {
    const statement = "SELECT owner FROM account WHERE id = ?1 AND owner <> ?2;\n";
    const file = join(prism.folder, "query.sql");
    writeFileSync(file, statement);
    expect(textOf(await sql(["query", "ledger", "--file", file, "1", "x"]))).toBe("owner\nAda\n");
    expect(textOf(await sql(["query", "ledger", "-", "1", "x"], { input: statement }))).toBe("owner\nAda\n");
  });

  test("passes rows on as they come, to a reader that leaves", async () => {
    const many = `${endless} SELECT 'row ' || n AS row FROM s`;
    await using command = startPrismCommand(["sql", "query", "ledger", many, "--timeout", "1m"], {
      environment: { PRISM_SERVER: prism.listen },
    });
    await eventually("rows", 20_000, () => command.stdout.split("\n").length > 10_000);
    command.signal("SIGINT");
    expect(await command.ended).toBe(1);
    expect(command.stdout.startsWith("row\nrow 1\nrow 2\nrow 3\n")).toBe(true);
  });

  test("cuts a table to its terminal, and to nothing else", async () => {
    const wide = "SELECT 7 AS n, hex(zeroblob(100)) AS wide";
    // The terminal stays until the test has read it.
    const line = `stty cols 40; ${prismProgram} sql query ledger "${wide}"; read end`;
    await using terminal = Terminal.run("sh", ["-c", line], {
      folder: prism.folder,
      environment: { PRISM_SERVER: prism.listen },
    });
    await terminal.shows("1 row");
    expect(terminal.screen).toContain(`n  wide\n7  ${"0".repeat(36)}…\n`);
    expect(textOf(await sql(["query", "ledger", wide]))).toContain(`${"0".repeat(200)}\n`);
  });

  test("Ctrl-C stops the statement on the server", async () => {
    const pid = await pluginPid(prism.admin, "sqlite");
    const running = () => childrenOf(pid).some(({ state }) => state === "R");
    const given = ["sql", "query", "ledger", `${endless} SELECT count(*) FROM s`, "--timeout", "1m"];
    await using command = startPrismCommand(given, { environment: { PRISM_SERVER: prism.listen } });
    await eventually("the statement runs", 20_000, running);
    command.signal("SIGINT");
    expect(await command.ended).toBe(1);
    await eventually("the statement has stopped", 20_000, () => !running());
  });

  test("--timeout stops the statement, and says so", async () => {
    const given = ["query", "ledger", `${endless} SELECT count(*) FROM s`, "--timeout", "500ms"];
    expect(await sql(given)).toMatchObject({ code: 1, stderr: expect.stringContaining("DEADLINE_EXCEEDED") });
  });

  test("an error exits 1 with SQLite's own words and code", async () => {
    const wrong = await sql(["query", "ledger", "SELECT absent FROM account"]);
    expect(wrong).toMatchObject({
      code: 1,
      stdout: Buffer.alloc(0),
      stderr: expect.stringContaining("no such column"),
    });
    const json = await sql(["query", "ledger", "SELECT absent FROM account", "--json"]);
    expect(JSON.parse(json.stderr)).toMatchObject({
      error: { reason: "SQL_FAILED", metadata: { sql_code: "SQLITE_ERROR" } },
    });
  });
});

describe("sql execute", () => {
  test("says how many rows were changed", async () => {
    expect(textOf(await sql(["execute", "ledger", "UPDATE account SET open = 0 WHERE id < 0"]))).toBe(
      "0 rows affected\n",
    );
    expect(textOf(await sql(["execute", "ledger", "UPDATE account SET open = 1 WHERE id = 1"]))).toBe(
      "1 row affected\n",
    );
    const json = await sql(["execute", "ledger", "UPDATE account SET open = 1", "--json"]);
    expect(textOf(json)).toBe('{"rowsAffected":"2"}\n');
  });

  test("takes a parameter as a value, whatever it holds", async () => {
    const hostile = "'; DROP TABLE account; --";
    expect((await sql(["execute", "ledger", "INSERT INTO account VALUES (9, ?1, 1, NULL)", hostile])).code).toBe(0);
    const found = await sql(["query", "ledger", "SELECT owner FROM account WHERE id = 9", "--json"]);
    expect(JSON.parse(textOf(found))).toEqual({ owner: hostile });
  });

  test("Ctrl-C leaves nothing half done", async () => {
    await sql(["execute", "ledger", "CREATE TABLE IF NOT EXISTS many (n BIGINT)"]);
    const pid = await pluginPid(prism.admin, "sqlite");
    const given = ["sql", "execute", "ledger", `INSERT INTO many ${endless} SELECT n FROM s`, "--timeout", "1m"];
    await using command = startPrismCommand(given, { environment: { PRISM_SERVER: prism.listen } });
    await eventually("the statement runs", 20_000, () => childrenOf(pid).some(({ state }) => state !== "S"));
    command.signal("SIGINT");
    expect(await command.ended).toBe(1);
    expect(textOf(await sql(["query", "ledger", "SELECT count(*) AS n FROM many"]))).toBe("n\n0\n");
  });

  test.each([
    [["execute", "ledger"], "no value is given"],
    [["execute", "ledger", "SELECT ?1", "9223372036854775808"], "64 bits"],
    [["query", "ledger", "SELECT ?1", "timestamp:yesterday"], "is no time"],
  ])("%j is wrong usage, and says why", async (given, why) => {
    expect(await sql(given)).toMatchObject({ code: 2, stderr: expect.stringContaining(why) });
  });
});
