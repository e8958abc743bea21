import { expect, test } from "vitest";
import { controlsTransaction, copies, onlyReads } from "./statement-kind.js";

test.each([
  ["BEGIN", true, true],
  ["  ;;\n begin work", true, true],
  ["-- a comment\nCOMMIT", true, true],
  ["/* a /* nested */ comment */ROLLBACK", true, true],
  ["start transaction", true, true],
  ["END", true, true],
  ["abort", true, true],
  ["PREPARE TRANSACTION 'x'", true, true],
  ["SAVEPOINT a", true, false],
  ["RELEASE a", true, false],
  ["ROLLBACK TO SAVEPOINT a", true, false],
  ["ROLLBACK WORK TO a", true, false],
  ["SELECT 1", false, false],
  ["PREPARE p AS SELECT 1", false, false],
  ["beginning", false, false],
  ["/* never closed BEGIN", false, false],
  ["", false, false],
  ["SELECT ' ;COMMIT'", false, false],
])("%j controls a transaction: %s; where savepoints are allowed: %s", (sql, alone, driven) => {
  const found = [false, true].map((savepoints) => controlsTransaction(sql, { savepoints }));
  expect(found).toEqual([alone, driven]);
});

test.each([
  ["SELECT 1", true, false],
  ["/* its rows */ select 1", true, false],
  ["VALUES (1)", true, false],
  ["TABLE t", true, false],
  ["SHOW search_path", true, false],
  ["INSERT INTO t VALUES (1) RETURNING n", false, false],
  ["WITH gone AS (DELETE FROM t RETURNING n) SELECT n FROM gone", false, false],
  ["-- all\ncopy t FROM STDIN", false, true],
  ["selection", false, false],
])("%j only reads: %s; copies: %s", (sql, reads, moves) => {
  expect([onlyReads(sql), copies(sql)]).toEqual([reads, moves]);
});
