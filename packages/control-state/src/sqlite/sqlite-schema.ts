import type Database from "better-sqlite3";
import { ControlStateError } from "../errors.js";

/** Marks a file as a control state in its header ("PrCS"), so that another application's database is never written to. */
const applicationId = 0x50724353;

/** One step per version, applied in order; `user_version` counts those that a file has seen. A step that was released is never changed. */
const migrations: readonly string[] = [
  `
  CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    number INTEGER NOT NULL,
    revision TEXT NOT NULL
  ) STRICT;

  CREATE TABLE namespace (
    name TEXT PRIMARY KEY,
    entry TEXT NOT NULL,
    schema_message TEXT,
    schema_files BLOB,
    etag TEXT NOT NULL,
    create_time_ms INTEGER NOT NULL,
    update_time_ms INTEGER NOT NULL,
    delete_time_ms INTEGER,
    purge_time_ms INTEGER,
    deletes_data INTEGER
  ) STRICT, WITHOUT ROWID;

  INSERT INTO state VALUES (1, 0, '0');
  `,
  `
  CREATE TABLE disabled_backend (
    name TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    disable_time_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Brings a file to the current version; one that has it is not written to. Throws `invalid` for one that is not ours, or newer. */
export function migrate(db: Database.Database, file: string): void {
  if (versionOf(db, file) === migrations.length) return;
  const run = db.transaction(() => {
    // Another process may have done it since the check above.
    for (const step of migrations.slice(versionOf(db, file))) db.exec(step);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${migrations.length}`);
  });
  run.immediate();
}

/** Throws `invalid` when a newer Prism has changed the tables since. */
export function requireKnownVersion(db: Database.Database, file: string): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version > migrations.length) throw newerVersion(file, version);
}

function versionOf(db: Database.Database, file: string): number {
  const owner = db.pragma("application_id", { simple: true });
  const isEmpty = db.prepare("SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)").pluck().get() === 1;
  if (owner !== applicationId && !isEmpty) throw foreignFile(file);
  requireKnownVersion(db, file);
  return isEmpty ? 0 : Number(db.pragma("user_version", { simple: true }));
}

function foreignFile(file: string): ControlStateError {
  return new ControlStateError(
    "invalid",
    `The control state ${file} is the database of another application. Move it away, or name another data_dir.`,
  );
}

function newerVersion(file: string, version: number): ControlStateError {
  return new ControlStateError(
    "invalid",
    `The control state ${file} has version ${version} of the tables, and this Prism knows ${migrations.length}: a newer one wrote it. ` +
      "Run that version, or restore a backup from before it.",
  );
}
