import { type BackendHealth, EtagSource, type Logger } from "@prism-data/pattern-sdk";
import { ChangeLog } from "./change-log.js";
import { DatabaseFile } from "./database-file.js";
import { DeduplicationTable } from "./deduplication-table.js";
import { EntryTable } from "./entry-table.js";
import { GroupCommit } from "./group-commit.js";
import { GroupOwnership } from "./group-ownership.js";
import { NamespaceTable } from "./namespace-table.js";
import { QueueTable } from "./queue-table.js";
import { StreamGroupTable } from "./stream-group-table.js";
import { StreamSweep } from "./stream-sweep.js";
import { StreamTable } from "./stream-table.js";
import { Sweeper } from "./sweeper.js";
import { TokenTable } from "./token-table.js";
import { Watchers } from "./watchers.js";

export interface StoreOptions {
  /** Absolute. */
  readonly path: string;
  readonly maxBytes?: number | undefined;
  readonly busyTimeoutMs: number;
  readonly nowMs: () => number;
  readonly log: Logger;
  readonly reportHealth: (health: BackendHealth) => void;
}

/** Everything that one open file consists of; all its namespaces share it. */
export class Store {
  readonly file: DatabaseFile;
  readonly nowMs: () => number;
  readonly etags = new EtagSource();
  readonly entries: EntryTable;
  readonly tokens: TokenTable;
  readonly queues: QueueTable;
  readonly deduplication: DeduplicationTable;
  readonly streams: StreamTable;
  readonly streamSweep: StreamSweep;
  readonly groups: StreamGroupTable;
  readonly ownership: GroupOwnership;
  readonly namespaces: NamespaceTable;
  readonly changes: ChangeLog;
  readonly watchers: Watchers;
  readonly commits: GroupCommit;
  readonly sweeper: Sweeper;

  static async open(options: StoreOptions): Promise<Store> {
    const { path, maxBytes, busyTimeoutMs, reportHealth } = options;
    return new Store(await DatabaseFile.open({ path, maxBytes, busyTimeoutMs, reportHealth }), options);
  }

  private constructor(file: DatabaseFile, { busyTimeoutMs, nowMs, log }: StoreOptions) {
    this.file = file;
    this.nowMs = nowMs;
    this.entries = new EntryTable(file.db);
    this.tokens = new TokenTable(file.db);
    this.queues = new QueueTable(file.db);
    this.deduplication = new DeduplicationTable(file.db);
    this.streams = new StreamTable(file.db);
    this.streamSweep = new StreamSweep(file.db, this.streams);
    this.groups = new StreamGroupTable(file.db);
    this.namespaces = new NamespaceTable(file.db);
    this.changes = new ChangeLog(file.db);
    this.watchers = new Watchers(file, this.changes, nowMs);
    this.commits = new GroupCommit({ file, nowMs, busyTimeoutMs, observer: this.watchers });
    this.ownership = new GroupOwnership(this);
    this.sweeper = new Sweeper({ ...this, log });
    this.sweeper.start();
  }

  /** What a namespace holds. Reads a row, and one for each partition. */
  storedBytes(id: number): number {
    return this.file.read(() => this.namespaces.storedBytes(id));
  }

  /** Removes a namespace with everything in it; returns whether there was one. */
  async removeNamespace(name: string): Promise<boolean> {
    const id = this.file.read(() => this.namespaces.idOf(name));
    if (id === undefined) return false;
    await this.commits.submit({ apply: () => this.namespaces.forgetName(id) });
    await this.sweeper.sweep();
    return true;
  }

  close(): void {
    this.sweeper.stop();
    this.watchers.close();
    this.ownership.close();
    this.commits.close();
    this.file.close();
  }
}
