import type Database from "better-sqlite3";
import { foreignFile } from "./errors.js";

/** Marks a file as ours in its header ("PrSM"), so that another application's database is never written to. */
const applicationId = 0x5072534d;

/**
 * One step per version, applied in order; `user_version` counts the steps that a file has seen.
 *
 * Keys are BLOBs because SQLite orders those byte by byte and keeps a NUL inside them. `value` is the last column so that the
 * others are read without it. A namespace whose name is NULL is being removed: nobody finds it, and its rows go in slices.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE namespace (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name BLOB UNIQUE
  ) STRICT;

  CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    namespace_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    etag TEXT NOT NULL,
    expires_at_ms INTEGER,
    value BLOB NOT NULL,
    UNIQUE (namespace_id, key)
  ) STRICT;
  CREATE INDEX entry_by_expiry ON entry (expires_at_ms) WHERE expires_at_ms IS NOT NULL;

  CREATE TABLE token (
    namespace_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    time_micros INTEGER NOT NULL,
    nonce BLOB NOT NULL,
    etag TEXT NOT NULL,
    kept_until_ms INTEGER NOT NULL,
    PRIMARY KEY (namespace_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX token_by_end ON token (kept_until_ms);

  CREATE TABLE change (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key BLOB NOT NULL,
    etag TEXT,
    expires_at_ms INTEGER,
    value BLOB
  ) STRICT;

  CREATE TABLE lease (
    process TEXT NOT NULL,
    namespace_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    ends_at_ms INTEGER NOT NULL,
    PRIMARY KEY (process, namespace_id)
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Brings a file to the current schema; a file that has it is not written to. Throws `INVALID_SETTINGS` for one that is not ours. */
export function migrate(db: Database.Database, path: string): void {
  if (versionOf(db, path) === migrations.length) return;
  const run = db.transaction(() => {
    // Another process may have migrated the file since the check above.
    for (const step of migrations.slice(versionOf(db, path))) db.exec(step);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${migrations.length}`);
  });
  run.immediate();
}

function versionOf(db: Database.Database, path: string): number {
  const owner = db.pragma("application_id", { simple: true });
  const version = Number(db.pragma("user_version", { simple: true }));
  const isEmpty = db.prepare("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)").pluck().get() === 1;
  if (owner !== applicationId && !isEmpty) throw foreignFile(path, "It is the database of another application.");
  if (version > migrations.length)
    throw foreignFile(path, `It has version ${version} of the tables, made by a newer plugin.`);
  return isEmpty ? 0 : version;
}
