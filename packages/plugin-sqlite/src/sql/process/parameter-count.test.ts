import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { parameterCount } from "./parameter-count.js";

describe("the parameters of a statement", () => {
  test.each([
    ["SELECT 1", 0],
    ["SELECT ?", 1],
    ["SELECT ?1, ?2, ?1", 2],
    ["SELECT ?7", 7],
    ["SELECT ?, ?5, ?", 6],
    ["SELECT '?1', \"?2\", `?3`, [?4], ?1", 1],
    ["SELECT 'it''s ?2' || ?1", 1],
    ['SELECT 1 AS "a""?2" WHERE ?1', 1],
    ["SELECT ?1 -- ?2\n, ?3", 3],
    ["SELECT ?1 /* ?2 '*/ , ?3", 3],
    ["SELECT ?1 /* ?2", 1],
    ["SELECT a$1, b?1 FROM t", 1],
    ["SELECT x'00' || ?1", 1],
    ["SELECT é$1, ?1", 1],
    ["SELECT v->'$.a', v->>'$.b' FROM t WHERE k = ?1", 1],
  ])("%s: %d", (sql, count) => {
    expect(parameterCount(sql)).toBe(count);
  });

  test.each(["SELECT :a", "SELECT @a", "SELECT $a", "SELECT $1", "SELECT ?1, :a", "SELECT $a::b(c)"])(
    "%s has one with a name",
    (sql) => {
      expect(parameterCount(sql)).toBeUndefined();
    },
  );

  test("are as many as SQLite finds, whatever the statement is made of", () => {
    using db = new DatabaseSync(":memory:");
    const pieces = [
      "?",
      "?1",
      "?3",
      "'?'",
      "''",
      "'a''?'",
      '"?"',
      "[?]",
      "`?`",
      "-- ?\n",
      "/* ? */",
      "1",
      "x'00'",
      "a?",
    ];
    const all = [...pieces, "|| ?2 ", "+", ",", "é?"];
    let compared = 0;
    for (const first of all) {
      for (const second of all) {
        for (const third of all) {
          const sql = `SELECT ${first} ${second} ${third}`;
          const found = parametersOf(db, sql);
          if (found === undefined) continue;
          compared++;
          expect(parameterCount(sql), sql).toBe(found);
        }
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

/** How many values SQLite takes for a statement. `undefined`: it refuses the statement. */
function parametersOf(db: DatabaseSync, sql: string): number | undefined {
  for (let count = 0; count <= 20; count++) {
    try {
      // One value too many is refused before anything runs.
      db.prepare(`EXPLAIN ${sql}`).get(...Array.from({ length: count + 1 }, () => null));
    } catch (error) {
      const isTooMany = (error as { errcode?: number }).errcode === 25;
      return isTooMany ? count : undefined;
    }
  }
  return undefined;
}
