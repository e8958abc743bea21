import type { Connection } from "./connection.js";
import { isUnmade, tablesMissing } from "./errors.js";
import { migrations } from "./schema/migrations.js";
import type { Statement } from "./statement.js";
import { done, planned } from "./verbs.js";

/** Of these tables, those that the schema does not have. Needs none of them. */
const findMissing: Statement = {
  name: "tables_missing",
  text: "SELECT name FROM unnest($2::text[]) name WHERE to_regclass(format('%I.%I', $1::text, name)) IS NULL",
};

/** Makes something in the tables, and all tables first when somebody has removed them; returns what was made, for people. */
export function makeInTables(
  connection: Connection,
  make: () => Promise<readonly string[]>,
): Promise<readonly string[]> {
  return unlessRemoved(connection, make, async () => {
    await connection.session.makeTables();
    return [`${done.make} ${allTables(connection)}`, ...(await make())];
  });
}

/** Says what `makeInTables` would make. `inNew`: what that is in tables that are made anew. */
export function planInTables(
  connection: Connection,
  plan: () => Promise<readonly string[]>,
  inNew: string,
): Promise<readonly string[]> {
  return unlessRemoved(connection, plan, async () => [`${planned.make} ${allTables(connection)}`, inNew]);
}

const allTables = ({ access }: Connection) => `the schema ${access.schema} with all tables, which somebody removed`;

/**
 * Asks something of the tables. When somebody has removed all of them by hand, it answers what `otherwise` does; when some are left, what
 * those hold fits to nothing, and it throws what to do.
 */
async function unlessRemoved<T>(
  connection: Connection,
  ask: () => Promise<T>,
  otherwise: () => Promise<T>,
): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!isUnmade(error)) throw error;
    const { address, access } = connection;
    const tables = tablesOf(access.schema);
    const rows = await connection.run<{ name: string }>(findMissing, [access.schema, `{${tables.join(",")}}`]);
    if (rows.length === tables.length) return await otherwise();
    if (rows.length === 0) throw error;
    const missing = rows.map(({ name }) => name);
    throw tablesMissing({ address, schema: access.schema, missing });
  }
}

/** All tables that the schema is made of. */
function tablesOf(schema: string): string[] {
  const texts = migrations.map((migration) => migration(schema)).join("\n");
  return [...texts.matchAll(/^CREATE (?:UNLOGGED )?TABLE (\w+)/gm)].map(([, name]) => name!);
}
