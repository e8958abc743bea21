import { createHash } from "node:crypto";
import type { Client } from "pg";
import { newerVersion } from "./postgres-errors.js";

/** One step per version, applied in order; `state.version` counts those that a schema has seen. A step that was released is never changed. */
const migrations: readonly string[] = [
  `
  CREATE TABLE state (
    id int PRIMARY KEY CHECK (id = 1),
    version int NOT NULL,
    number bigint NOT NULL,
    revision text NOT NULL
  );

  -- Names are ordered byte by byte, whatever the database's collation.
  CREATE TABLE namespace (
    name text COLLATE "C" PRIMARY KEY,
    entry text NOT NULL,
    schema_message text,
    schema_files bytea,
    etag text NOT NULL,
    create_time_ms bigint NOT NULL,
    update_time_ms bigint NOT NULL,
    delete_time_ms bigint,
    purge_time_ms bigint,
    deletes_data int
  );

  INSERT INTO state VALUES (1, 0, 0, '0');
  `,
  `
  CREATE TABLE disabled_backend (
    name text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    disable_time_ms bigint NOT NULL
  );
  `,
];

/** The channel on which each new revision is told. */
export function channelOf(schema: string): string {
  return `prism_control:${schema}`;
}

/**
 * Brings the schema to the current version, and changes nothing when it has it. Safe with any number of processes at once: one does it,
 * the others wait and find it done. Throws `invalid` when the tables are newer.
 */
export async function makeSchema(
  client: Client,
  where: { readonly schema: string; readonly place: string },
): Promise<void> {
  if ((await versionOf(client, where)) === migrations.length) return;
  const lock = `${createHash("sha256").update(`prism-control\0${where.schema}`).digest().readInt32BE()}, 0`;
  // Taken before the transaction: one that was open meanwhile might not see what the process before has made.
  await client.query(`SELECT pg_advisory_lock(${lock})`);
  try {
    const version = await versionOf(client, where);
    if (version < migrations.length) await migrate(client, where.schema, version);
  } finally {
    await client.query(`SELECT pg_advisory_unlock(${lock})`).catch(() => {});
  }
}

/** Throws `invalid` when a newer Prism has changed the tables since. */
export function requireKnownVersion(version: number, place: string): void {
  if (version > migrations.length) throw newerVersion(place, { version, known: migrations.length });
}

/** All steps that are missing, or none. */
async function migrate(client: Client, schema: string, version: number): Promise<void> {
  await client.query(
    [
      "BEGIN",
      // One that somebody made for Prism's user needs no right to make others.
      `DO $$ BEGIN IF to_regnamespace('${schema}') IS NULL THEN CREATE SCHEMA ${schema}; END IF; END $$`,
      ...migrations.slice(version),
      `UPDATE state SET version = ${migrations.length}`,
      "COMMIT",
    ].join(";\n"),
  );
}

async function versionOf(client: Client, { schema, place }: { schema: string; place: string }): Promise<number> {
  const { rows: tables } = await client.query(`SELECT to_regclass('"${schema}".state') IS NOT NULL AS there`);
  if (!tables[0].there) return 0;
  const { rows } = await client.query(`SELECT version FROM "${schema}".state`);
  const version = rows[0].version as number;
  requireKnownVersion(version, place);
  return version;
}
