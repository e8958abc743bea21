import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { identityOf } from "@prism-data/sqlite-file";
import { SqlFailure } from "./sql-failure.js";
import { StatementCache } from "./statement-cache.js";
import { StatementRules } from "./statement-rules.js";

/** SQLite waits for a lock by sleeping: no longer than a commit takes. Whoever asked waits longer, and can be told to stop. */
const blockedWaitMs = 2;

/** The log is cut to this size after a burst has made it larger. */
const logSizeBytesMax = 64 * 2 ** 20;

/** The largest value or row, in bytes, also in between: four times what fits into a message. */
const valueBytesMax = 16 * 2 ** 20;

/** The largest statement, with room beyond the 1 MiB that an app may send. */
const sqlBytesMax = 2 * 2 ** 20;

/** How many parameters an app may give. */
const parametersMax = 1_000;

/** The file of a namespace, open for statements of apps: they reach nothing outside of it. */
export class ConnectionFile {
  readonly db: DatabaseSync;
  readonly rules = new StatementRules();
  readonly statements: StatementCache;
  readonly #path: string;
  readonly #identity: string | undefined;
  readonly #changes: StatementSync;

  constructor(path: string, maxBytes: number | undefined) {
    this.#path = path;
    // Without one that is there, SQLite would make an empty file.
    if (!existsSync(path)) throw fileGone();
    this.db = new DatabaseSync(path, {
      readBigInts: true,
      returnArrays: true,
      timeout: blockedWaitMs,
      enableForeignKeyConstraints: true,
      enableDoubleQuotedStringLiterals: false,
      allowExtension: false,
      defensive: true,
    });
    try {
      this.#configure(maxBytes);
    } catch (error) {
      this.db.close();
      throw error;
    }
    this.#identity = identityOf(path);
    this.statements = new StatementCache(this.db);
    this.#changes = this.rules.asPrism(() => this.db.prepare("SELECT total_changes(), changes()"));
  }

  /** Runs a statement and returns how many rows it inserted, updated or deleted. */
  countingChanges(run: () => void): number {
    const [before] = this.#readChanges();
    run();
    const [after, ofLast] = this.#readChanges();
    // What changes nothing leaves the count of the statement before it.
    return after === before ? 0 : Number(ofLast);
  }

  /** Runs a statement of Prism's own. */
  run(sql: string): void {
    this.rules.asPrism(() => this.db.exec(sql));
  }

  /** Throws when the path does not lead to the open file any more: what is written now would be lost. */
  requireInPlace(): void {
    if (identityOf(this.#path) !== this.#identity) throw fileGone();
  }

  close(): void {
    this.db.close();
  }

  #readChanges(): [total: bigint, ofLast: bigint] {
    return this.rules.asPrism(() => this.#changes.get()) as unknown as [bigint, bigint];
  }

  #configure(maxBytes: number | undefined): void {
    const { db, rules } = this;
    if (!("setAuthorizer" in db && "limits" in db)) throw nodeTooOld();
    db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA trusted_schema = OFF;
      PRAGMA journal_size_limit = ${logSizeBytesMax}`);
    if (maxBytes !== undefined) db.exec(`PRAGMA max_page_count = ${Math.floor(maxBytes / pageBytesOf(db))}`);
    Object.assign(db.limits, {
      length: valueBytesMax,
      sqlLength: sqlBytesMax,
      variableNumber: parametersMax,
      attach: 0,
    });
    // The first read makes the log.
    db.exec("SELECT count(*) FROM sqlite_schema");
    db.setAuthorizer(rules.authorize);
  }
}

function pageBytesOf(db: DatabaseSync): number {
  const [pageBytes] = db.prepare("PRAGMA page_size").get() as unknown as [bigint];
  return Number(pageBytes);
}

function fileGone(): SqlFailure {
  return new SqlFailure("GONE", "the file is not in its place any more");
}

function nodeTooOld(): SqlFailure {
  return new SqlFailure(
    "NODE_TOO_OLD",
    "the SQLite of this Node.js has no authorizer and limits, without which statements could leave their file; run Prism with " +
      "Node.js 24.21 or newer",
  );
}
