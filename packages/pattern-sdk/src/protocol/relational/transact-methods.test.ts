import { describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import type { RowOutlet, SqlStatement, SqlTransaction } from "../../patterns/relational/relational.js";
import { sqlFailedError, transactionConflictError } from "../../patterns/relational/relational-errors.js";
import { Isolation } from "../gen/prism/relational/v1/relational.js";
import { runScripted, scripted, scriptedTransaction } from "./scripted-relational.fixture.js";

/** A plugin whose one transaction does what a test has it do. */
async function runTransaction(parts: Partial<SqlTransaction> = {}) {
  const script = scriptedTransaction(parts);
  const tiny = await runScripted(scripted({ begin: () => script.transaction }));
  return { tiny, sql: tiny.sql, ...script, [Symbol.asyncDispose]: () => tiny[Symbol.asyncDispose]() };
}

describe("a transaction", () => {
  test.each([
    ["read-committed", Isolation.READ_COMMITTED],
    ["repeatable-read", Isolation.REPEATABLE_READ],
    ["serializable", Isolation.SERIALIZABLE],
  ] as const)("is begun as %s, and says so", async (isolation, wire) => {
    let asked: unknown;
    await using tiny = await runScripted(
      scripted({
        begin(request) {
          asked = request;
          return scriptedTransaction({ isolation }).transaction;
        },
      }),
    );
    const transaction = tiny.sql.openTransaction();
    expect(await transaction.begin({ isolation: wire, readOnly: true })).toBe(wire);
    expect(asked).toEqual({ isolation, readOnly: true, idleTimeoutMs: 10_000 });
    await transaction.rollback();
  });

  test("is committed once and not rolled back", async () => {
    await using run = await runTransaction();
    const transaction = await run.sql.begin();
    expect(await transaction.execute("x")).toBe(1);
    await transaction.commit();
    expect(run.asked).toEqual(["execute", "commit"]);
  });

  test("is rolled back once", async () => {
    await using run = await runTransaction();
    const transaction = await run.sql.begin();
    await transaction.rollback();
    expect(run.asked).toEqual(["rollback"]);
  });

  test("is rolled back when its commit fails, and ends with why", async () => {
    const conflict = transactionConflictError({ message: "overtaken", sqlCode: "40001" });
    await using run = await runTransaction({ commit: () => Promise.reject(conflict) });
    const transaction = await run.sql.begin();
    const failure = await transaction.commit().catch((error: unknown) => error);
    expect(failure).toMatchObject({ reason: "TRANSACTION_CONFLICT", metadata: { sql_code: "40001" } });
    expect((failure as GatewayError).retryAfterMs).toBeGreaterThan(0);
    expect(run.asked).toEqual(["commit", "rollback"]);
  });

  test("goes on after a statement that is refused, and ends after any other failure", async () => {
    const failures = [
      sqlFailedError({ message: "no", sqlCode: "1" }),
      new GatewayError("BACKEND_UNAVAILABLE", "It has gone."),
    ];
    await using run = await runTransaction({ execute: () => Promise.reject(failures.shift()) });
    const transaction = await run.sql.begin();
    await expect(transaction.execute("x")).rejects.toMatchObject({ reason: "SQL_FAILED" });
    await transaction.query("x");
    await expect(transaction.execute("x")).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    await expect(transaction.event()).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    expect(run.asked).toEqual(["execute", "query", "execute", "rollback"]);
  });

  test("is rolled back when it begins after its app has gone", async () => {
    const script = scriptedTransaction();
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    await using tiny = await runScripted(
      scripted({
        async begin() {
          asked.resolve();
          await go.promise;
          return script.transaction;
        },
      }),
    );
    const transaction = tiny.sql.openTransaction();
    const begun = transaction.begin().catch(() => undefined);
    await asked.promise;
    transaction.cancel();
    await begun;
    go.resolve();
    await script.isOver;
    expect(script.asked).toEqual(["rollback"]);
  });

  test("whose app does not take its rows is idle", async () => {
    const query = async (_: SqlStatement, outlet: RowOutlet) => {
      outlet.columns([{ name: "c", type: "" }]);
      for (;;) await outlet.rows([[{ kind: "text", value: "x".repeat(100_000) }]]);
    };
    await using run = await runTransaction({ query });
    const transaction = await run.sql.begin({ idleTimeoutMs: 1_000 });
    transaction.send({ $case: "query", value: { sql: "x", parameters: [] } });
    await run.isOver;
    const failures: unknown[] = [];
    while (failures.length === 0) await transaction.event().catch((error: unknown) => failures.push(error));
    expect(failures).toMatchObject([{ reason: "TRANSACTION_IDLE" }]);
  });
});

describe("a drain", () => {
  test("lets a transaction come to its end", async () => {
    await using run = await runTransaction();
    const transaction = await run.sql.begin();
    const drained = run.tiny.running.drain(10_000);
    await transaction.execute("x");
    await transaction.commit();
    expect(await drained).toEqual({ completed: 1, aborted: 0 });
    expect(run.asked).toEqual(["execute", "commit"]);
  });

  test("rolls back what has not ended in time", async () => {
    await using run = await runTransaction();
    const transaction = await run.sql.begin();
    const ended = transaction.ended().catch((error: unknown) => error);
    expect(await run.tiny.running.drain(0)).toEqual({ completed: 0, aborted: 1 });
    expect(await ended).toMatchObject({ reason: "DRAINING" });
    expect(run.asked).toEqual(["rollback"]);
  });
});
