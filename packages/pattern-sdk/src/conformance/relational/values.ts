import assert from "node:assert/strict";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./relational-case.js";
import type { RelationalClient } from "./relational-client.js";
import { array, type Parameter, texted, timestamp } from "./sql-values.js";

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

const dates = ["2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31", "1970-01-01"].map((text) =>
  texted("date", text),
);

export const valueCases = [
  ...casesOf("values", [], {
    "NULL is NULL in a column of any type": async (sql) => {
      const types = [
        ...["BOOLEAN", "BIGINT", "DOUBLE PRECISION", "TEXT", "BYTEA", "DATE", "TIME", "TIMESTAMP"],
        ...["TIMESTAMP WITH TIME ZONE", "JSON", "UUID"],
      ];
      for (const type of types) await assertKept(sql, type, [null]);
    },

    "truth values are kept": (sql) => assertKept(sql, "BOOLEAN", [true, false]),

    "whole numbers are kept exactly, to the ends of int64": (sql) =>
      assertKept(sql, "BIGINT", [
        ...[0n, 1n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 53n) - 1n],
        ...[9_007_199_254_740_993n, 2n ** 63n - 1n, -(2n ** 63n)],
      ]),

    "floating-point numbers are kept exactly, infinities too": (sql) =>
      assertKept(sql, "DOUBLE PRECISION", [
        ...[0, 1, -1, 0.1, 1 / 3, 1e308, -1e-308, Number.MAX_VALUE, Number.MIN_VALUE, 2 ** 53],
        ...[Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      ]),

    "texts are kept, empty ones and any character too": (sql) =>
      assertKept(sql, "TEXT", [
        ...["", " ", "a", "NULL", "0", "1e3", "true", "'", '"', "\\", "\r\n\t", "é", "e\u0301", "\ufeff", "\uffff"],
        ...["😀", "日本", "x".repeat(100_000), "é".repeat(70_000)],
      ]),

    "bytes are kept, none and every one too": (sql) =>
      assertKept(sql, "BYTEA", [
        ...[Buffer.alloc(0), everyByte, Buffer.alloc(300), Buffer.from("text"), Buffer.from([0xc3, 0x28])],
        seededRandom(1).bytes(2 ** 20),
      ]),

    "2 MiB of bytes and of text are kept": async (sql) => {
      await assertKept(sql, "BYTEA", [seededRandom(2).bytes(2 * 2 ** 20)]);
      await assertKept(sql, "TEXT", ["x".repeat(2 * 2 ** 20)]);
    },

    "instants are kept to the microsecond, also before 1970": (sql) =>
      assertKept(
        sql,
        "TIMESTAMP WITH TIME ZONE",
        [
          { seconds: 0n, nanos: 0 },
          { seconds: 1_772_323_199n, nanos: 123_456_000 },
          { seconds: 1_772_323_199n, nanos: 1_000 },
          { seconds: -1n, nanos: 999_999_000 },
          { seconds: -62_135_596_800n, nanos: 0 },
          { seconds: 253_402_300_799n, nanos: 999_999_000 },
        ].map(timestamp),
      ),

    "dates and times of day are kept": async (sql) => {
      await assertKept(sql, "DATE", dates);
      const times = ["00:00:00", "23:59:59", "12:34:56.5", "23:59:59.123456"].map((text) => texted("time", text));
      await assertKept(sql, "TIME", times);
      const local = ["2026-02-28T23:59:59.123456", "2024-02-29T00:00:00", "0001-01-01T00:00:00"];
      await assertKept(
        sql,
        "TIMESTAMP",
        local.map((text) => texted("localTimestamp", text)),
      );
    },

    "JSON is kept as it was written": (sql) =>
      assertKept(
        sql,
        "JSON",
        ['{"a": 1,  "b": [null, true, "é"], "a": 2}', "[]", '{"n": 12345678901234567890.10}', '"text"'].map((text) =>
          texted("json", text),
        ),
      ),

    "UUIDs are kept": (sql) =>
      assertKept(
        sql,
        "UUID",
        ["00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"].map((text) =>
          texted("uuid", text),
        ),
      ),

    "a value can be found by an equal parameter": async (sql) => {
      const found: readonly (readonly [type: string, value: Parameter])[] = [
        ["BOOLEAN", true],
        ["BIGINT", 2n ** 62n + 1n],
        ["DOUBLE PRECISION", 0.1],
        ["TEXT", "é"],
        ["BYTEA", everyByte],
        ["DATE", dates[0]!],
        ["TIMESTAMP WITH TIME ZONE", timestamp({ seconds: 1_772_323_199n, nanos: 123_456_000 })],
        ["UUID", texted("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")],
      ];
      for (const [index, [type, value]] of found.entries()) {
        await sql.execute(`CREATE TABLE f${index} (v ${type})`);
        await sql.execute(`INSERT INTO f${index} VALUES (?1)`, [value]);
        assert.deepEqual(await sql.rows(`SELECT count(*) FROM f${index} WHERE v = ?1`, [value]), [[1n]], type);
      }
    },
  }),

  ...casesOf("values", ["decimals"], {
    "decimal numbers are kept digit by digit": (sql) =>
      assertKept(
        sql,
        "NUMERIC",
        ["0", "1", "-12.340", "0.10", "123456789012345678901234567890.123456789", "1e-20", "NaN"].map((text) =>
          texted("numeric", plainDecimal(text)),
        ),
      ),
  }),

  ...casesOf("values", ["arrays"], {
    "arrays are kept, empty ones, with NULL, and of arrays too": async (sql) => {
      await assertKept(sql, "BIGINT[]", [
        array(),
        array(1n, 2n ** 62n),
        array(null, 1n),
        array(array(1n, 2n), array(3n, 4n)),
      ]);
      await assertKept(sql, "TEXT[]", [array("a", "", "NULL", '"', "{},\\"), array(null)]);
      await assertKept(sql, "BOOLEAN[]", [array(true, false, null)]);
      await assertKept(sql, "DATE[]", [array(...dates)]);
    },
  }),
];

/** Writes values into a column of a type, and asserts that they are read as they were written. */
async function assertKept(sql: RelationalClient, type: string, values: readonly Parameter[]): Promise<void> {
  const table = `kept_${type.toLowerCase().replace(/\W+/g, "_")}`;
  await sql.execute(`CREATE TABLE IF NOT EXISTS ${table} (k BIGINT, v ${type})`);
  await sql.execute(`DELETE FROM ${table}`);
  for (const [index, value] of values.entries()) {
    await sql.execute(`INSERT INTO ${table} VALUES (?1, ?2)`, [BigInt(index), value]);
  }
  const read = (await sql.rows(`SELECT v FROM ${table} ORDER BY k`)).map(([value]) => value);
  assert.equal(read.length, values.length);
  for (const [index, value] of values.entries()) assertSame(read[index]!, value, `${type}, value ${index}`);
}

function assertSame(read: Parameter, written: Parameter, what: string): void {
  if (written instanceof Uint8Array) {
    // Not deepEqual: it would print megabytes.
    assert.ok(read instanceof Uint8Array && Buffer.compare(read, written) === 0, `${what}: other bytes`);
  } else {
    assert.deepEqual(read, written, what);
  }
}

/** Without an exponent, which a data system writes out. */
function plainDecimal(text: string): string {
  return text === "1e-20" ? "0.00000000000000000001" : text;
}
