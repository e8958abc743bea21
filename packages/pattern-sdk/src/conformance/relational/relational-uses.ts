import type { RelationalCapability } from "../../patterns/relational/relational-capabilities.js";
import { Isolation } from "../../protocol/gen/prism/relational/v1/relational.js";
import type { RelationalClient } from "./relational-client.js";
import { array, type Parameter, texted } from "./sql-values.js";

type Use = (sql: RelationalClient) => Promise<unknown>;

const beginWith = (isolation: Isolation): Readonly<Record<string, Use>> => ({
  "Transact with isolation": (sql) => sql.begin({ isolation }),
});

const parameterOf = (kind: string, parameter: Parameter): Readonly<Record<string, Use>> => ({
  [`Query with ${kind}`]: (sql) => sql.query("SELECT ?1", [parameter]),
  [`Execute with ${kind}`]: (sql) => sql.execute("INSERT INTO witness VALUES (?1)", [parameter]),
  [`ExecuteBatch with ${kind}`]: (sql) =>
    sql.executeBatch([["INSERT INTO witness VALUES (5)"], ["INSERT INTO witness VALUES (?1)", parameter]]),
  [`Transact with ${kind}`]: async (sql) => {
    const transaction = await sql.begin();
    await transaction.execute("INSERT INTO witness VALUES (5)");
    await transaction.execute("INSERT INTO witness VALUES (?1)", [parameter]);
  },
});

/** One call per use of a capability; each must be refused where the namespace does not have it. */
export const relationalUses: Readonly<Record<RelationalCapability, Readonly<Record<string, Use>>>> = {
  read_committed: beginWith(Isolation.READ_COMMITTED),
  repeatable_read: beginWith(Isolation.REPEATABLE_READ),
  serializable: beginWith(Isolation.SERIALIZABLE),
  decimals: parameterOf("a numeric", texted("numeric", "1.50")),
  arrays: parameterOf("an array", array(1n, 2n)),
};
