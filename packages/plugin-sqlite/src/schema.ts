import type Database from "better-sqlite3";
import { foreignFile } from "./errors.js";

/** Marks a file as ours in its header ("PrSM"), so that another application's database is never written to. */
const applicationId = 0x5072534d;

/** What a row takes beside what it holds: its columns of a fixed size, and its places in indexes. Rounded. */
const rowBytes = { entry: 100, token: 100, queue_message: 250, queue_deduplication: 100 } as const;

/** What an entry counts for. Its key stands in the index too. */
const entryBytes = (row: string) => `2 * length(${row}key) + length(${row}value) + ${rowBytes.entry}`;
const tokenBytes = (row: string) => `length(${row}key) + ${rowBytes.token}`;
const messageBytes = (row: string) => `${row}size_bytes + ${rowBytes.queue_message}`;
const deduplicationBytes = (row: string) => `2 * length(${row}deduplication_id) + ${rowBytes.queue_deduplication}`;

/**
 * Counts the rows of a table for their namespaces, whoever writes them. Invariant: no statement replaces rows of it, because what
 * INSERT OR REPLACE removes fires no trigger.
 */
const counting = (table: keyof typeof rowBytes, bytes: (row: string) => string) => `
  UPDATE namespace SET stored_bytes = stored_bytes
    + (SELECT ifnull(sum(${bytes("")}), 0) FROM ${table} WHERE namespace_id = namespace.id);
  CREATE TRIGGER ${table}_added AFTER INSERT ON ${table} BEGIN
    UPDATE namespace SET stored_bytes = stored_bytes + ${bytes("new.")} WHERE id = new.namespace_id;
  END;
  CREATE TRIGGER ${table}_removed AFTER DELETE ON ${table} BEGIN
    UPDATE namespace SET stored_bytes = stored_bytes - (${bytes("old.")}) WHERE id = old.namespace_id;
  END;
`;

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
  // What a message is lies beside where it is, so that a lease does not write its payload again.
  `
  CREATE TABLE queue (
    namespace_id INTEGER PRIMARY KEY,
    deduplication_window_ms INTEGER NOT NULL,
    retention_ms INTEGER,
    deaths INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE queue_message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'delayed', 'leased', 'dead')),
    message_id BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL DEFAULT 0,
    last_cause TEXT NOT NULL DEFAULT '',
    due_at_ms INTEGER,
    delivery_id TEXT,
    death INTEGER,
    died_at_ms INTEGER
  ) STRICT;
  CREATE INDEX queue_message_by_state ON queue_message (namespace_id, state);
  CREATE INDEX queue_message_by_age ON queue_message (namespace_id, sent_at_ms);
  CREATE INDEX queue_message_by_due ON queue_message (namespace_id, due_at_ms) WHERE due_at_ms IS NOT NULL;
  CREATE INDEX queue_message_by_deliveries ON queue_message (namespace_id, delivery_count)
    WHERE state = 'ready' AND delivery_count > 0;
  CREATE UNIQUE INDEX queue_message_by_delivery ON queue_message (delivery_id) WHERE delivery_id IS NOT NULL;
  CREATE INDEX queue_message_by_death ON queue_message (namespace_id, death) WHERE death IS NOT NULL;
  CREATE INDEX queue_message_dead_by_id ON queue_message (namespace_id, message_id) WHERE death IS NOT NULL;

  CREATE TABLE queue_content (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL
  ) STRICT;

  CREATE TABLE queue_deduplication (
    namespace_id INTEGER NOT NULL,
    deduplication_id BLOB NOT NULL,
    message_id BLOB NOT NULL,
    sent_at_ms INTEGER NOT NULL,
    PRIMARY KEY (namespace_id, deduplication_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX queue_deduplication_by_age ON queue_deduplication (namespace_id, sent_at_ms);
  `,
  // Records before retained_from were removed by retention; those before compacted_to stand in stream_last_of_key, or not at all.
  `
  CREATE TABLE stream_log (
    namespace_id INTEGER PRIMARY KEY,
    partitions INTEGER NOT NULL,
    compaction INTEGER NOT NULL,
    retention_ms INTEGER,
    retention_bytes INTEGER
  ) STRICT;

  CREATE TABLE stream_partition (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    next_offset INTEGER NOT NULL DEFAULT 0,
    retained_from INTEGER NOT NULL DEFAULT 0,
    compacted_to INTEGER NOT NULL DEFAULT 0,
    last_ms INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (namespace_id, partition)
  ) STRICT;

  CREATE TABLE stream_record (
    id INTEGER PRIMARY KEY,
    partition_id INTEGER NOT NULL,
    "offset" INTEGER NOT NULL,
    appended_at_ms INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    message_id BLOB NOT NULL,
    key BLOB NOT NULL,
    content_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (partition_id, "offset")
  ) STRICT;
  CREATE INDEX stream_record_by_time ON stream_record (partition_id, appended_at_ms, "offset");

  CREATE TABLE stream_last_of_key (
    partition_id INTEGER NOT NULL,
    key BLOB NOT NULL,
    "offset" INTEGER NOT NULL,
    forget_at_ms INTEGER,
    PRIMARY KEY (partition_id, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stream_last_of_key_by_end ON stream_last_of_key (partition_id, forget_at_ms) WHERE forget_at_ms IS NOT NULL;

  CREATE TABLE stream_group (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace_id INTEGER NOT NULL,
    name BLOB NOT NULL,
    owner TEXT,
    owned_until_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (namespace_id, name)
  ) STRICT;
  CREATE INDEX stream_group_by_owner ON stream_group (owner) WHERE owner IS NOT NULL;

  CREATE TABLE stream_place (
    group_id INTEGER NOT NULL,
    partition INTEGER NOT NULL,
    begun INTEGER NOT NULL,
    committed INTEGER,
    PRIMARY KEY (group_id, partition)
  ) STRICT, WITHOUT ROWID;
  `,
  // What namespaces hold. Logs are not among it: stream_partition says their sizes.
  `
  ALTER TABLE namespace ADD COLUMN stored_bytes INTEGER NOT NULL DEFAULT 0;
  ${counting("entry", entryBytes)}
  CREATE TRIGGER entry_changed AFTER UPDATE OF value ON entry BEGIN
    UPDATE namespace SET stored_bytes = stored_bytes + length(new.value) - length(old.value) WHERE id = new.namespace_id;
  END;
  ${counting("token", tokenBytes)}
  ${counting("queue_message", messageBytes)}
  ${counting("queue_deduplication", deduplicationBytes)}
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
