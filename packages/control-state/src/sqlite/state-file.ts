import { identityOf, makeDurably } from "@prism-data/sqlite-file";
import Database from "better-sqlite3";
import type { ControlSnapshot, Written } from "../control-state.js";
import { type Decision, decide, etagOf, requireRevision, type WriteRequest } from "../decide.js";
import { type BackendSwitch, type DisabledBackendRow, toDisabledBackend } from "../disabled-backend.js";
import { KnownNamespaces, type NamespaceHead } from "../known-namespaces.js";
import { type NamespaceRow, namespaceColumns, toNamespace, toValues } from "../namespace-row.js";
import { migrate, requireKnownVersion } from "./sqlite-schema.js";

/** SQLite waits for a lock with the event loop stopped: no longer than another process's commit takes. */
const blockedWaitMs = 2;

/** The log is cut to this size after a burst has made it larger. */
const logSizeBytesMax = 4 * 2 ** 20;

const columns = namespaceColumns.join(", ");

/**
 * An open file with a control state: WAL, synced on every commit. Methods throw what SQLite throws, also when another process has it
 * locked now.
 */
export class StateFile {
  readonly #file: string;
  readonly #db: Database.Database;
  readonly #identity: string | undefined;
  readonly #selectState: Database.Statement<[], { readonly number: number; readonly revision: string }>;
  readonly #known = new KnownNamespaces();
  readonly #selectHeads: Database.Statement<[], NamespaceHead>;
  readonly #selectOne: Database.Statement<[string], NamespaceRow>;
  readonly #save: Database.Statement<unknown[]>;
  readonly #forget: Database.Statement<[string]>;
  readonly #selectDisabled: Database.Statement<[], DisabledBackendRow>;
  readonly #disable: Database.Statement<[string, string, number]>;
  readonly #enable: Database.Statement<[string]>;
  readonly #setState: Database.Statement<[number, string]>;
  #dataVersion: number | undefined;

  /** Opens the file, and makes it when it is missing. */
  constructor(file: string) {
    this.#file = file;
    makeDurably(file);
    const db = new Database(file, { timeout: blockedWaitMs });
    this.#db = db;
    try {
      configure(db);
      migrate(db, file);
      this.#selectState = db.prepare("SELECT number, revision FROM state");
      this.#selectHeads = db.prepare("SELECT name, etag FROM namespace ORDER BY name");
      this.#selectOne = db.prepare(`SELECT ${columns} FROM namespace WHERE name = ?`);
      this.#save = db.prepare(
        `REPLACE INTO namespace (${columns}) VALUES (${namespaceColumns.map(() => "?").join(", ")})`,
      );
      this.#forget = db.prepare("DELETE FROM namespace WHERE name = ?");
      this.#selectDisabled = db.prepare("SELECT name, reason, disable_time_ms FROM disabled_backend ORDER BY name");
      this.#disable = db.prepare("REPLACE INTO disabled_backend (name, reason, disable_time_ms) VALUES (?, ?, ?)");
      this.#enable = db.prepare("DELETE FROM disabled_backend WHERE name = ?");
      this.#setState = db.prepare("UPDATE state SET number = ?, revision = ?");
      this.#identity = identityOf(file);
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Whether the path leads to the open file still; otherwise what is written now would be lost. */
  isInPlace(): boolean {
    return identityOf(this.#file) === this.#identity;
  }

  /** The revision, when another process may have changed it since this was last asked. `undefined`: none has. */
  changedRevision(): string | undefined {
    const version = Number(this.#db.pragma("data_version", { simple: true }));
    if (version === this.#dataVersion) return undefined;
    requireKnownVersion(this.#db, this.#file);
    const { revision } = this.#selectState.get()!;
    this.#dataVersion = version;
    return revision;
  }

  read(): ControlSnapshot {
    return this.#db.transaction(() => {
      requireKnownVersion(this.#db, this.#file);
      const { revision } = this.#selectState.get()!;
      const heads = this.#selectHeads.all();
      const rows = this.#known.unknown(heads).map((name) => this.#selectOne.get(name)!);
      const namespaces = this.#known.complete(heads, rows);
      return { revision, namespaces, disabledBackends: this.#selectDisabled.all().map(toDisabledBackend) };
    })();
  }

  write(request: WriteRequest): Written {
    return this.#db.transaction(() => this.#write(request)).immediate();
  }

  /** Returns the revision that it made. */
  switchBackend({ name, disabled, nowMs }: BackendSwitch): string {
    const change = this.#db.transaction(() => {
      requireKnownVersion(this.#db, this.#file);
      const { number } = this.#selectState.get()!;
      if (disabled === undefined) this.#enable.run(name);
      else this.#disable.run(name, disabled.reason, nowMs);
      return this.#advance(number + 1);
    });
    return change.immediate();
  }

  async copyTo(file: string): Promise<void> {
    await this.#db.backup(file);
  }

  close(): void {
    this.#db.close();
  }

  #write({ writes, revision: wanted, nowMs }: WriteRequest): Written {
    requireKnownVersion(this.#db, this.#file);
    const { number, revision: before } = this.#selectState.get()!;
    requireRevision(wanted, before);
    const revision = this.#advance(number + 1);
    const found = writes.flatMap(({ name }) => this.#selectOne.all(name)).map(toNamespace);
    const byName = new Map(found.map((namespace) => [namespace.name, namespace]));
    const decisions = decide(writes, byName, { nowMs, etag: revision });
    for (const decision of decisions) this.#apply(decision);
    return { revision, namespaces: decisions.map(({ namespace }) => namespace) };
  }

  #advance(number: number): string {
    const revision = etagOf(number);
    this.#setState.run(number, revision);
    return revision;
  }

  #apply({ kind, namespace }: Decision): void {
    if (kind === "save") this.#save.run(...toValues(namespace));
    else this.#forget.run(namespace.name);
  }
}

function configure(db: Database.Database): void {
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  // On macOS only this reaches the disk; elsewhere it does nothing.
  db.pragma("fullfsync = ON");
  db.pragma(`journal_size_limit = ${logSizeBytesMax}`);
  db.pragma("trusted_schema = OFF");
}
