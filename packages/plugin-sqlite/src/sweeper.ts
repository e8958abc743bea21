import type { Logger } from "@prism-data/pattern-sdk";
import type { ChangeLog } from "./change-log.js";
import type { DatabaseFile } from "./database-file.js";
import type { DeduplicationTable } from "./deduplication-table.js";
import type { EntryTable } from "./entry-table.js";
import type { GroupCommit } from "./group-commit.js";
import type { NamespaceTable } from "./namespace-table.js";
import type { DoomedMessage, QueueTable } from "./queue-table.js";
import type { StreamGroupTable } from "./stream-group-table.js";
import type { StreamSweep } from "./stream-sweep.js";
import { rowsPerSliceMax, slice } from "./sweep-slice.js";
import type { TokenTable } from "./token-table.js";
import type { Watchers } from "./watchers.js";

/** How late an expired key may be removed and its watchers told. Reads do not see it from its last millisecond on. */
const sweepMs = 200;

export interface SweeperOptions {
  readonly file: DatabaseFile;
  readonly commits: GroupCommit;
  readonly entries: EntryTable;
  readonly tokens: TokenTable;
  readonly queues: QueueTable;
  readonly deduplication: DeduplicationTable;
  readonly streamSweep: StreamSweep;
  readonly groups: StreamGroupTable;
  readonly namespaces: NamespaceTable;
  readonly changes: ChangeLog;
  readonly watchers: Watchers;
  readonly nowMs: () => number;
  readonly log: Logger;
}

/**
 * Really removes what is over: expired entries, messages and records past their retention, records of keys that have newer ones,
 * tokens and deduplication ids past their window, rows of removed namespaces, leases of dead processes.
 */
export class Sweeper {
  readonly #on: SweeperOptions;
  readonly #hasOld: (nowMs: number) => boolean;
  #timer: NodeJS.Timeout | undefined;
  #isSweeping = false;

  constructor(options: SweeperOptions) {
    this.#on = options;
    const hasOld = options.file.db
      .prepare<[number, number], number>(
        `SELECT EXISTS (SELECT 1 FROM entry WHERE expires_at_ms <= ?)
             OR EXISTS (SELECT 1 FROM token WHERE kept_until_ms <= ?)`,
      )
      .pluck();
    this.#hasOld = (nowMs) => hasOld.get(nowMs, nowMs) === 1;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#tick(), sweepMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Removes everything that is over now, slice by slice. */
  async sweep(): Promise<void> {
    while (this.#on.file.read(() => this.#hasWork()))
      await this.#on.commits.submit({ apply: () => this.#removeSlice() });
  }

  async #tick(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    try {
      this.#on.file.requireInPlace();
      // After an outage an empty transaction tells when the file serves again.
      if (this.#on.file.hasOutage) await this.#on.commits.submit({ apply: () => undefined });
      await this.sweep();
    } catch (error) {
      // The health of the backend says the same to the operator; the next tick tries again.
      this.#on.log.debug({ error: this.#on.file.failed(error) }, "sweep failed");
    } finally {
      this.#isSweeping = false;
    }
  }

  #hasWork(): boolean {
    const { namespaces, watchers, queues, deduplication, streamSweep, nowMs } = this.#on;
    if (this.#hasOld(nowMs()) || queues.hasTooOld(nowMs()) || deduplication.hasEnded(nowMs())) return true;
    return streamSweep.hasWork(nowMs()) || namespaces.removed() !== undefined || watchers.hasLapsed;
  }

  #removeSlice(): void {
    const { entries, tokens, queues, deduplication, streamSweep, namespaces, changes, watchers, nowMs } = this.#on;
    watchers.removeLapsed();
    const expired = slice(entries.expired(nowMs(), rowsPerSliceMax), ({ valueBytes }) => valueBytes);
    for (const { id, namespaceId, key } of expired) {
      entries.remove(id);
      changes.gone(namespaceId, key, "expired");
    }
    tokens.removeEnded(nowMs(), rowsPerSliceMax);
    removeMessages(queues, queues.tooOld(nowMs(), rowsPerSliceMax));
    deduplication.removeEnded(nowMs(), rowsPerSliceMax);
    streamSweep.removeSlice(nowMs());
    const removed = namespaces.removed();
    if (removed !== undefined) this.#removeFromNamespace(removed);
  }

  #removeFromNamespace(id: number): void {
    const { entries, tokens, queues, deduplication, streamSweep, groups, namespaces, changes } = this.#on;
    const doomed = slice(entries.ofNamespace(id, rowsPerSliceMax), ({ valueBytes }) => valueBytes);
    for (const row of doomed) entries.remove(row.id);
    if (doomed.length > 0 || tokens.removeNamespace(id, rowsPerSliceMax) > 0) return;
    if (removeMessages(queues, queues.ofNamespace(id, rowsPerSliceMax)) > 0) return;
    if (deduplication.removeNamespace(id, rowsPerSliceMax) > 0) return;
    if (streamSweep.removeNamespace(id) > 0 || groups.removeNamespace(id, rowsPerSliceMax) > 0) return;
    queues.removeQueue(id);
    changes.removeNamespace(id);
    namespaces.remove(id);
  }
}

/** Removes as many as one slice may; returns how many. */
function removeMessages(queues: QueueTable, messages: Iterable<DoomedMessage>): number {
  const doomed = slice(messages, ({ sizeBytes }) => sizeBytes);
  for (const { id } of doomed) queues.remove(id);
  return doomed.length;
}
