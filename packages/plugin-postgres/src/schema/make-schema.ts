import { randomInt } from "node:crypto";
import type { Client } from "pg";
import { newerSchema } from "../errors.js";
import { lockClass } from "./lock-class.js";
import { migrations } from "./migrations.js";

/** Making all tables takes well under a second; the rest is for waiting while other processes do it. */
const timeoutMs = 30_000;

/**
 * Invariant: the ids of a schema that somebody removed, which processes may still have, are none of those of the schema that is made in its
 * place. Half of all numbers is left for namespaces.
 */
const firstIdMax = 2 ** 30;

/**
 * Brings the schema to the current version, and changes nothing when it has it. Safe with any number of processes at once: one does it,
 * the others wait and find it done. Throws `INVALID_SETTINGS` when the schema is of a newer plugin.
 */
export async function makeSchema(client: Client, schema: string): Promise<void> {
  if ((await versionOf(client, schema)) === migrations.length) return;
  const lock = `${lockClass(schema, "schema")}, 0`;
  // Taken before the transaction: one that was open meanwhile might not see what the process before has made.
  await client.query(`SELECT pg_advisory_lock(${lock})`);
  try {
    const version = await versionOf(client, schema);
    if (version < migrations.length) await migrate(client, schema, version);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => {});
  }
}

/** All steps that are missing, or none. */
async function migrate(client: Client, schema: string, version: number): Promise<void> {
  const steps = migrations.slice(version).map((migration) => migration(schema));
  await client.query(
    [
      "BEGIN",
      `SET LOCAL statement_timeout = ${timeoutMs}`,
      // One that somebody made for the plugin's user needs no right to make others.
      `DO $$ BEGIN IF to_regnamespace('${schema}') IS NULL THEN CREATE SCHEMA ${schema}; END IF; END $$`,
      ...steps,
      ...(version === 0 ? [`ALTER TABLE namespace ALTER COLUMN id RESTART WITH ${randomInt(1, firstIdMax)}`] : []),
      `UPDATE version SET number = ${migrations.length}`,
      "COMMIT",
    ].join(";\n"),
  );
}

async function versionOf(client: Client, schema: string): Promise<number> {
  const { rows: tables } = await client.query(`SELECT to_regclass('"${schema}".version') IS NOT NULL AS there`);
  if (!tables[0].there) return 0;
  const { rows } = await client.query(`SELECT number FROM "${schema}".version`);
  const version = rows[0].number as number;
  if (version > migrations.length) throw newerSchema(schema, version);
  return version;
}
