import { setTimeout as delay } from "node:timers/promises";
import type { BackendHealth } from "@prism-data/pattern-sdk";
import { identityOf, makeDurably } from "@prism-data/sqlite-file";
import Database from "better-sqlite3";
import { fileGone, foreignFile, isLocked, isOutage, translateError } from "./errors.js";
import { migrate } from "./schema.js";

/** SQLite waits for a lock with the event loop stopped: no longer than another process's commit takes. */
const blockedWaitMs = 2;

/** How often an open that meets a lock is tried again. */
const openRetryMs = 25;

/** The log is cut to this size after a burst has made it larger. */
const logSizeBytesMax = 64 * 2 ** 20;

/** Where the file is and what it may take. */
export interface DatabaseFileOptions {
  /** Absolute. */
  readonly path: string;
  /** `undefined`: no bound but the disk. */
  readonly maxBytes: number | undefined;
  /** How long to wait while another process keeps the file locked. */
  readonly busyTimeoutMs: number;
  readonly reportHealth: (health: BackendHealth) => void;
}

/**
 * An open database file: WAL, synced on every commit, found in its place before it is written to.
 *
 * Several processes may have the file open; SQLite's locks keep their writes apart.
 */
export class DatabaseFile {
  readonly path: string;
  readonly db: Database.Database;
  readonly #reportHealth: (health: BackendHealth) => void;
  readonly #identity: string;
  #outage: string | undefined;
  #isGone = false;

  /** Opens the file, makes it when it is missing, and waits while it is locked. Throws `GatewayError`. */
  static async open(options: DatabaseFileOptions): Promise<DatabaseFile> {
    const giveUpAtMs = performance.now() + options.busyTimeoutMs;
    for (;;) {
      try {
        return new DatabaseFile(options);
      } catch (error) {
        if (!isLocked(error) || performance.now() >= giveUpAtMs) throw translateError(error, options.path);
      }
      await delay(openRetryMs);
    }
  }

  private constructor({ path, maxBytes, reportHealth }: DatabaseFileOptions) {
    this.path = path;
    this.#reportHealth = reportHealth;
    makeDurably(path);
    this.db = new Database(path, { timeout: blockedWaitMs });
    try {
      configure(this.db, path, maxBytes);
      migrate(this.db, path);
      this.#identity = identityOf(path) ?? "";
    } catch (error) {
      this.db.close();
      throw error;
    }
    reportHealth({ reachable: true });
  }

  /** Runs statements that only read, and translates what they throw. */
  read<T>(run: () => T): T {
    if (this.#isGone) throw fileGone(this.path);
    try {
      return run();
    } catch (error) {
      throw this.failed(error);
    }
  }

  /** Throws when the path does not lead to the open file any more: SQLite would write on into a file that nobody can open. */
  requireInPlace(): void {
    this.#isGone = identityOf(this.path) !== this.#identity;
    if (this.#isGone) throw fileGone(this.path);
  }

  /** Whether the last thing tried on the file as a whole failed. */
  get hasOutage(): boolean {
    return this.#outage !== undefined;
  }

  /** Notes that the file serves. */
  succeeded(): void {
    if (this.#outage === undefined) return;
    this.#outage = undefined;
    this.#reportHealth({ reachable: true });
  }

  /** Translates an error, and notes it when it means that the file does not serve. */
  failed(error: unknown): unknown {
    const translated = translateError(error, this.path);
    if (isOutage(translated) && translated.message !== this.#outage) {
      this.#outage = translated.message;
      this.#reportHealth({ reachable: false, message: translated.message });
    }
    return translated;
  }

  /** The size of the file and what of it is free, in bytes; the log is not counted. */
  size(): { readonly usedBytes: number; readonly freeBytes: number } {
    const read = (name: string) => Number(this.read(() => this.db.pragma(name, { simple: true })));
    const [pages, free, pageBytes] = [read("page_count"), read("freelist_count"), read("page_size")];
    return { usedBytes: (pages - free) * pageBytes, freeBytes: free * pageBytes };
  }

  close(): void {
    this.db.close();
  }
}

function configure(db: Database.Database, path: string, maxBytes: number | undefined): void {
  if (db.pragma("journal_mode = WAL", { simple: true }) !== "wal") {
    throw foreignFile(path, "It cannot have a write-ahead log there; it must be on a local disk.");
  }
  db.pragma("synchronous = FULL");
  // On macOS only this reaches the disk; elsewhere it does nothing.
  db.pragma("fullfsync = ON");
  db.pragma(`journal_size_limit = ${logSizeBytesMax}`);
  db.pragma("trusted_schema = OFF");
  if (maxBytes !== undefined) {
    const pages = Math.floor(maxBytes / Number(db.pragma("page_size", { simple: true })));
    db.pragma(`max_page_count = ${pages}`);
  }
}
