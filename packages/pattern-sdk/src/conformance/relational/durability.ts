import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { outcomeOf } from "../expect-failure.js";
import { casesOf } from "./relational-case.js";
import { series } from "./results.js";
import { makeTable } from "./statements.js";

/** For plugins that say that an acknowledged write survives their process; each restart is a SIGKILL. */
export const durabilityCases = casesOf("durability", [], {
  "what was acknowledged is there after a kill": async (sql, subject) => {
    await makeTable(sql);
    await sql.execute("INSERT INTO t VALUES (1, 'a')");
    await sql.executeBatch([["INSERT INTO t VALUES (2, 'a')"], ["INSERT INTO t VALUES (3, 'a')"]]);
    await sql.query("INSERT INTO t VALUES (4, 'a') RETURNING k");
    const transaction = await sql.begin();
    await transaction.execute("INSERT INTO t VALUES (5, 'a')");
    await transaction.commit();
    await subject.restart();
    assert.deepEqual(await sql.rows("SELECT k FROM t ORDER BY k"), [[1n], [2n], [3n], [4n], [5n]]);
  },

  "of the writes in flight when it was killed, every acknowledged one is there": async (sql, subject) => {
    await makeTable(sql);
    const acknowledged: bigint[] = [];
    const writes = Array.from({ length: 100 }, (_, index) => BigInt(index)).map(async (key) => {
      await sql.execute("INSERT INTO t VALUES (?1, 'a')", [key]);
      acknowledged.push(key);
    });
    await Promise.any(writes);
    await subject.restart();
    await Promise.allSettled(writes);
    const found = new Set((await sql.rows("SELECT k FROM t")).map(([key]) => key));
    assert.deepEqual(
      acknowledged.filter((key) => !found.has(key)),
      [],
      "acknowledged writes that are lost",
    );
  },

  "a transaction that was open is rolled back, and holds nobody up": async (sql, subject) => {
    await makeTable(sql, [[1n, "a"]]);
    const transaction = await sql.begin({ idleTimeoutMs: 600_000 });
    await transaction.execute("UPDATE t SET v = 'lost'");
    await subject.restart();
    assert.deepEqual(await sql.rows("SELECT v FROM t"), [["a"]]);
    await sql.execute("UPDATE t SET v = 'b'");
    assert.deepEqual(await sql.rows("SELECT v FROM t"), [["b"]]);
  },

  "a statement that was running is stopped, and holds nobody up": async (sql, subject) => {
    await makeTable(sql);
    const running = outcomeOf(sql.execute(`INSERT INTO t ${series()} SELECT n, 'a' FROM s`));
    await sql.query("SELECT 1");
    await subject.restart();
    await running;
    await eventually("the table can be written", async () => {
      await sql.execute("INSERT INTO t VALUES (-1, 'b')");
      return true;
    });
    assert.deepEqual(await sql.rows("SELECT k FROM t"), [[-1n]]);
  },

  "a batch in flight when it was killed is there whole or not at all": async (sql, subject) => {
    await sql.execute("CREATE TABLE b (k BIGINT PRIMARY KEY, n BIGINT)");
    await sql.execute(`INSERT INTO b ${series(50)} SELECT n, 0 FROM s`);
    let acknowledged = 0;
    const killing = Promise.withResolvers<void>();
    const writer = (async () => {
      for (let round = 1; round <= 2_000; round++) {
        await sql.executeBatch([
          ["UPDATE b SET n = ?1 WHERE k <= 25", BigInt(round)],
          ["UPDATE b SET n = ?1 WHERE k > 25", BigInt(round)],
        ]);
        acknowledged = round;
        if (round === 5) killing.resolve();
      }
    })();
    await Promise.race([killing.promise, writer]);
    await subject.restart();
    await Promise.allSettled([writer]);
    const values = (await sql.rows("SELECT DISTINCT n FROM b")).map(([n]) => n as bigint);
    assert.equal(values.length, 1, `parts of batches: ${values.join(", ")}`);
    assert.ok(values[0]! >= BigInt(acknowledged), "an acknowledged batch is lost");
  },
});
