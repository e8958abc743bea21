import { describe, expect, test } from "vitest";
import { array, type Parameter, texted, timestamp } from "../../conformance/relational/sql-values.js";
import type { RowOutlet, SqlStatement, SqlValue } from "../../patterns/relational/relational.js";
import { atStatement, sqlFailedError } from "../../patterns/relational/relational-errors.js";
import { runScripted, scripted } from "./scripted-relational.fixture.js";

const oneColumn = [{ name: "c", type: "t" }];

/** A database whose queries have one column and these rows. */
const answering = (...rows: readonly (readonly SqlValue[])[]) =>
  scripted({
    query: async (_, outlet) => {
      outlet.columns(oneColumn);
      await outlet.rows(rows);
    },
  });

describe("values", () => {
  test.each<[string, Parameter, SqlValue]>([
    ["NULL", null, { kind: "null" }],
    ["a truth value", false, { kind: "bool", value: false }],
    ["a whole number", -(2n ** 63n), { kind: "int64", value: -(2n ** 63n) }],
    ["a floating-point number", Number.MIN_VALUE, { kind: "double", value: Number.MIN_VALUE }],
    ["no number", Number.NaN, { kind: "double", value: Number.NaN }],
    ["an empty text", "", { kind: "text", value: "" }],
    ["bytes", Buffer.from([0, 255]), { kind: "bytes", value: Buffer.from([0, 255]) }],
    ["a decimal number", texted("numeric", "-12.340"), { kind: "numeric", value: "-12.340" }],
    ["a date", texted("date", "2024-02-29"), { kind: "date", value: "2024-02-29" }],
    ["the end of time", texted("date", "infinity"), { kind: "date", value: "infinity" }],
    ["a time of day", texted("time", "23:59:59.123456+02:00"), { kind: "time", value: "23:59:59.123456+02:00" }],
    [
      "a date and time",
      texted("localTimestamp", "2026-02-28T23:59:59.1"),
      { kind: "local_timestamp", value: "2026-02-28T23:59:59.1" },
    ],
    ["an instant", timestamp({ seconds: -1n, nanos: 999_999_000 }), { kind: "timestamp", micros: -1n }],
    ["JSON", texted("json", '{"a": 1}'), { kind: "json", value: '{"a": 1}' }],
    [
      "a UUID",
      texted("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
      { kind: "uuid", value: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" },
    ],
    ["a value of another type", texted("other", "[1,2)"), { kind: "other", value: "[1,2)" }],
    [
      "an array of arrays",
      array(array(1n, null), array(2n, 3n)),
      {
        kind: "array",
        elements: [
          { kind: "array", elements: [{ kind: "int64", value: 1n }, { kind: "null" }] },
          {
            kind: "array",
            elements: [
              { kind: "int64", value: 2n },
              { kind: "int64", value: 3n },
            ],
          },
        ],
      },
    ],
  ])("%s is the same on the wire and for the plugin, both ways", async (_, wire, value) => {
    let given: SqlStatement | undefined;
    await using tiny = await runScripted({
      ...answering([value]),
      execute: (statement) => {
        given = statement;
        return 0;
      },
    });
    await tiny.sql.execute("x", [wire]);
    expect(given?.parameters).toEqual([value]);
    expect(await tiny.sql.rows("x")).toEqual([[wire]]);
  });
});

describe("Query", () => {
  test("gives the plugin's rows in responses of as many as were asked for", async () => {
    const rows = Array.from({ length: 7 }, (_, index) => [{ kind: "int64", value: BigInt(index) }] as const);
    await using tiny = await runScripted(answering(...rows));
    const sizes: number[] = [];
    for await (const response of tiny.sql.responses("x", [], { batchRows: 3 })) sizes.push(response.rows.length);
    expect(sizes).toEqual([3, 3, 1]);
  });

  test("waits for the app before it takes more rows from the plugin", async () => {
    let passed = 0;
    const row: readonly SqlValue[] = [{ kind: "text", value: "x".repeat(100_000) }];
    const reachedPause = Promise.withResolvers<void>();
    const query = async (_: SqlStatement, outlet: RowOutlet) => {
      outlet.columns(oneColumn);
      for (; passed < 1_000; passed++) {
        const taken = outlet.rows([row]);
        // A promise that is settled already comes first.
        const isTaken = await Promise.race([
          taken.then(() => true),
          new Promise((resolve) => setImmediate(resolve, false)),
        ]);
        if (!isTaken) reachedPause.resolve();
        await taken;
      }
    };
    await using tiny = await runScripted(scripted({ query }));
    const reading = tiny.sql.responses("x");
    await reading.next();
    await reachedPause.promise;
    expect(passed).toBeLessThan(1_000);
    let rows = 1;
    for await (const response of reading) rows += response.rows.length;
    expect(rows).toBe(1_000);
  });

  test("tells the plugin when the app has gone", async () => {
    const stopped = Promise.withResolvers<unknown>();
    const query = async (_: SqlStatement, outlet: RowOutlet) => {
      outlet.columns(oneColumn);
      try {
        for (;;) await outlet.rows([[{ kind: "text", value: "x".repeat(10_000) }]]);
      } catch (error) {
        stopped.resolve(error);
        throw error;
      }
    };
    await using tiny = await runScripted(scripted({ query }));
    const reading = tiny.sql.responses("x");
    await reading.next();
    await reading.return();
    expect(await stopped.promise).toBeInstanceOf(Error);
  });

  test.each<[string, readonly SqlValue[]]>([
    ["too few values", []],
    ["too many values", [{ kind: "null" }, { kind: "null" }]],
  ])("refuses a row of %s as a defect of the plugin", async (_, row) => {
    await using tiny = await runScripted(answering(row));
    await expect(tiny.sql.query("x")).rejects.toMatchObject({ reason: "INTERNAL" });
  });
});

describe("ExecuteBatch", () => {
  test("refuses another number of results as a defect of the plugin", async () => {
    await using tiny = await runScripted(scripted({ executeBatch: () => [1] }));
    await expect(tiny.sql.executeBatch([["x"], ["y"]])).rejects.toMatchObject({ reason: "INTERNAL" });
  });

  test("says which statement failed, as the plugin does", async () => {
    const failure = sqlFailedError({ message: "no such thing", sqlCode: "42" });
    const executeBatch = () => Promise.reject(atStatement(failure, 1));
    await using tiny = await runScripted(scripted({ executeBatch }));
    await expect(tiny.sql.executeBatch([["x"], ["y"]])).rejects.toMatchObject({
      reason: "SQL_FAILED",
      message: expect.stringMatching(/^statements\[1\]: .*no such thing \(42\)/),
      metadata: { sql_code: "42", index: "1" },
    });
  });
});
