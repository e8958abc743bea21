import assert from "node:assert/strict";
import { casesOf } from "./relational-case.js";

/** For plugins that say that an acknowledged write survives their process; each restart is a SIGKILL. */
export const durabilityCases = casesOf("durability", [], {
  "what was acknowledged is there after a kill": async (sql, subject) => {
    await sql.execute("CREATE TABLE t (n BIGINT PRIMARY KEY)");
    await sql.execute("INSERT INTO t VALUES (1)");
    await sql.executeBatch([["INSERT INTO t VALUES (2)"], ["INSERT INTO t VALUES (3)"]]);
    const transaction = await sql.begin();
    await transaction.execute("INSERT INTO t VALUES (4)");
    await transaction.commit();
    await subject.restart();
    assert.deepEqual(await sql.rows("SELECT n FROM t ORDER BY n"), [[1n], [2n], [3n], [4n]]);
  },
});
