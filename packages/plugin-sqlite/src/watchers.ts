import { randomUUID } from "node:crypto";
import type { Change, ChangeSink } from "@prism-data/pattern-sdk";
import { type ChangeLog, type LoggedChange, leaseMs } from "./change-log.js";
import type { DatabaseFile } from "./database-file.js";
import { isLocked, watchInterrupted } from "./errors.js";
import type { CommitObserver, GroupCommit } from "./group-commit.js";

/** How often other processes' changes are looked for. Our own are delivered as soon as they are on disk. */
const pollMs = 20;

/** Several renewals fit into a lease, so that a slow one does not lose it. */
const renewMs = leaseMs / 5;

/** Who watches what. */
export interface WatchRequest {
  readonly namespaceId: number;
  readonly prefix: string;
  readonly sink: ChangeSink;
  readonly signal: AbortSignal;
}

interface Watcher extends WatchRequest {
  /** Only changes after this position are sent. */
  readonly after: number;
  readonly fail: (error: unknown) => void;
}

/**
 * Sends the changes of the log to this process's watchers: each once, in the order of the commits.
 *
 * Invariant: a watch starts when its lease is on disk, so every write that any process acknowledges afterwards is in the
 * log. All watchers of the process share one position in the log.
 */
export class Watchers implements CommitObserver {
  readonly #process = randomUUID();
  readonly #file: DatabaseFile;
  readonly #log: ChangeLog;
  readonly #nowMs: () => number;
  readonly #deliverSnapshot: () => void;
  readonly #watchers = new Set<Watcher>();
  /** How many watches of a namespace are wanted, those included whose lease is not on disk yet. */
  readonly #wanted = new Map<number, number>();
  #position = 0;
  #savedPosition = 0;
  #timers: readonly NodeJS.Timeout[] = [];

  constructor(file: DatabaseFile, log: ChangeLog, nowMs: () => number) {
    this.#file = file;
    this.#log = log;
    this.#nowMs = nowMs;
    // Leases and changes are read from one snapshot: a lease that is there says that no change before it is missing.
    this.#deliverSnapshot = file.db.transaction(() => this.#deliverInOrder());
  }

  /** How many watches have started and not ended. */
  get count(): number {
    return this.#watchers.size;
  }

  onBegin(): void {
    this.#log.refresh();
    if (this.#watchers.size === 0 || this.#position === this.#savedPosition) return;
    this.#log.advance(this.#process, this.#position);
    this.#savedPosition = this.#position;
  }

  onCommitted(): void {
    this.deliver();
  }

  /** Watches until the signal is aborted. Throws when the watch cannot start or may have missed a change. */
  async watch(request: WatchRequest, commits: GroupCommit): Promise<void> {
    const { namespaceId } = request;
    this.#wanted.set(namespaceId, this.#wantedOf(namespaceId) + 1);
    try {
      await this.#untilEnd(request, commits);
    } finally {
      this.#wanted.set(namespaceId, this.#wantedOf(namespaceId) - 1);
      // A release that fails is made up for: a lease that nobody renews ends by itself.
      commits.submit({ apply: () => this.#releaseUnwanted(namespaceId) }).catch(() => undefined);
    }
  }

  /** Sends what was committed since the last time. */
  deliver(): void {
    if (this.#watchers.size === 0) return;
    try {
      this.#deliverSnapshot();
    } catch (error) {
      // A lock lasts for moments, and the next poll catches up.
      if (isLocked(error)) return;
      const failure = this.#file.failed(error);
      for (const watcher of this.#watchers) this.#end(watcher, failure);
    }
  }

  /** Forgets the watches; their calls have ended. */
  close(): void {
    for (const watcher of this.#watchers) this.#remove(watcher);
  }

  /** Whether another process left a lease behind. */
  get hasLapsed(): boolean {
    return this.#log.hasLapsed(this.#process, this.#nowMs());
  }

  /** Takes the leases away that other processes left behind. Runs inside a transaction. */
  removeLapsed(): void {
    this.#log.dropLapsed(this.#process, this.#nowMs());
  }

  #untilEnd(request: WatchRequest, commits: GroupCommit): Promise<void> {
    const { namespaceId, signal, sink } = request;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return resolve();
      const lease = commits.submit({
        apply: () => this.#takeLease(namespaceId),
        onCommitted: (after) => {
          if (signal.aborted) return;
          const watcher: Watcher = { ...request, after, fail: reject };
          this.#add(watcher, commits);
          signal.addEventListener("abort", () => this.#remove(watcher), { once: true });
          sink.started();
        },
      });
      signal.addEventListener("abort", () => resolve(), { once: true });
      lease.catch(reject);
    });
  }

  /** Returns the position after which changes are new to the watch that the lease is for. */
  #takeLease(namespaceId: number): number {
    if (!this.#log.leased(this.#process).has(namespaceId))
      this.#interrupt((watcher) => watcher.namespaceId === namespaceId);
    const head = this.#log.head();
    const position = this.#watchers.size > 0 ? this.#position : head;
    this.#log.take({ process: this.#process, namespaceId, position, endsAtMs: this.#nowMs() + leaseMs });
    return head;
  }

  #releaseUnwanted(namespaceId: number): void {
    if (this.#wantedOf(namespaceId) > 0) return;
    this.#wanted.delete(namespaceId);
    this.#log.release(this.#process, namespaceId);
  }

  #renewLeases(): void {
    const endsAtMs = this.#nowMs() + leaseMs;
    const namespaceIds = new Set([...this.#watchers].map((watcher) => watcher.namespaceId));
    for (const namespaceId of namespaceIds) this.#log.renew({ process: this.#process, namespaceId, endsAtMs });
  }

  #deliverInOrder(): void {
    const leased = this.#log.leased(this.#process);
    this.#interrupt((watcher) => !leased.has(watcher.namespaceId));
    for (const change of this.#log.readAfter(this.#position)) {
      this.#position = change.seq;
      this.#send(change);
    }
  }

  #send(change: LoggedChange): void {
    const key = change.key.toString();
    for (const { namespaceId, after, prefix, sink } of this.#watchers) {
      if (namespaceId === change.namespaceId && change.seq > after && key.startsWith(prefix))
        sink.change(toChange(key, change));
    }
  }

  /** Ends watches whose lease another process took away: they may have missed a change. */
  #interrupt(isLost: (watcher: Watcher) => boolean): void {
    for (const watcher of this.#watchers) if (isLost(watcher)) this.#end(watcher, watchInterrupted());
  }

  #end(watcher: Watcher, error: unknown): void {
    this.#remove(watcher);
    watcher.fail(error);
  }

  #add(watcher: Watcher, commits: GroupCommit): void {
    if (this.#watchers.size === 0) {
      this.#position = watcher.after;
      this.#savedPosition = watcher.after;
      // A renewal that fails is made up for by the next.
      const renew = () => void commits.submit({ apply: () => this.#renewLeases() }).catch(() => undefined);
      this.#timers = [setInterval(() => this.deliver(), pollMs), setInterval(renew, renewMs)];
      for (const timer of this.#timers) timer.unref();
    }
    this.#watchers.add(watcher);
  }

  #remove(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #wantedOf(namespaceId: number): number {
    return this.#wanted.get(namespaceId) ?? 0;
  }
}

function toChange(key: string, change: LoggedChange): Change {
  if (change.kind !== "set") return { kind: change.kind, key };
  const { value, etag, expiresAtMs } = change;
  return { kind: "set", key, value, etag, expiresAtMs: expiresAtMs ?? undefined };
}
