import type { Client } from "pg";
import { newerSchema } from "../errors.js";
import { lockClass } from "./lock-class.js";
import { migrations } from "./migrations.js";

/** Making all tables takes well under a second; the rest is for waiting while other processes do it. */
const timeoutMs = 30_000;

/**
 * Brings the schema to the current version, and changes nothing when it has it. Safe with any number of processes at once: one does it,
 * the others wait and find it done. Throws `INVALID_SETTINGS` when the schema is of a newer plugin.
 */
export async function makeSchema(client: Client, schema: string): Promise<void> {
  if ((await versionOf(client, schema)) === migrations.length) return;
  await client.query("BEGIN");
  try {
    await client.query(`SET LOCAL statement_timeout = ${timeoutMs}`);
    await client.query(`SELECT pg_advisory_xact_lock(${lockClass(schema, "schema")}, 0)`);
    const version = await versionOf(client, schema);
    if (version === 0) await client.query(`CREATE SCHEMA IF NOT EXISTS "${schema}"`);
    for (const migration of migrations.slice(version)) await client.query(migration(schema));
    await client.query(`UPDATE "${schema}".version SET number = ${migrations.length}`);
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {});
    throw error;
  }
}

async function versionOf(client: Client, schema: string): Promise<number> {
  const { rows: tables } = await client.query(`SELECT to_regclass('"${schema}".version') IS NOT NULL AS there`);
  if (!tables[0].there) return 0;
  const { rows } = await client.query(`SELECT number FROM "${schema}".version`);
  const version = rows[0].number as number;
  if (version > migrations.length) throw newerSchema(schema, version);
  return version;
}
