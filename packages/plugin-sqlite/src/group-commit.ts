import type { CallContext } from "@prism-data/pattern-sdk";
import type { Statement } from "better-sqlite3";
import type { DatabaseFile } from "./database-file.js";
import { isLocked, writeAbandoned, writesOverloaded, writeUnfinished } from "./errors.js";

/** Bounds of one transaction: large enough to share a sync among all that wait, small enough not to hold up reads for long. */
const stepsPerCommitMax = 512;
const bytesPerCommitMax = 8 * 2 ** 20;

/** Writes that may wait: a few commits' worth. More would only wait past their deadlines. */
const waitingWritesMax = 16_384;
const waitingBytesMax = 64 * 2 ** 20;

/** How often a commit that meets another process's lock is tried again; that process holds it for one commit. */
const lockedRetryMs = 10;

/** One write: everything that it does to the file. */
export interface Write<T> {
  /** Runs inside the transaction, on its own savepoint: when it throws, what it did is undone. May run more than once. */
  apply(): T;
  /** Runs when the transaction is on disk, in the order of the writes and before any of their promises is settled. */
  onCommitted?(result: T): void;
  /** The call that waits for it. `undefined`: the plugin's own work. */
  readonly context?: CallContext | undefined;
  /** The bytes of keys and values that it carries. Default 0. */
  readonly sizeBytes?: number;
  /** How many entries it changes at most. Default 1. */
  readonly steps?: number;
}

/** What takes part in every transaction. */
export interface CommitObserver {
  /** Runs first inside the transaction. */
  onBegin(): void;
  /** Runs after the transaction is on disk and every `onCommitted` of its writes. */
  onCommitted(): void;
}

export interface GroupCommitOptions {
  readonly file: DatabaseFile;
  readonly nowMs: () => number;
  readonly busyTimeoutMs: number;
  readonly observer: CommitObserver;
}

interface Waiting {
  readonly write: Write<unknown>;
  readonly giveUpAtMs: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

type Outcome = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: unknown };

/**
 * Commits the writes that arrive in one turn of the event loop together: one sync to disk for all of them.
 *
 * Writes are applied in the order of submission. One that fails does not affect the others: it has a savepoint of its own, and
 * when SQLite gives the whole transaction up (a full disk), each write of it is applied again in a transaction of its own.
 * Nothing is answered before it is on disk, failures neither: they may rest on what others wrote in the same transaction.
 */
export class GroupCommit {
  readonly #file: DatabaseFile;
  readonly #nowMs: () => number;
  readonly #busyTimeoutMs: number;
  readonly #observer: CommitObserver;
  readonly #statements: Readonly<Record<"begin" | "commit" | "rollback" | "save" | "release" | "undo", Statement<[]>>>;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #aloneNext = 0;
  #isScheduled = false;
  #commits = 0;
  #writes = 0;

  constructor({ file, nowMs, busyTimeoutMs, observer }: GroupCommitOptions) {
    this.#file = file;
    this.#nowMs = nowMs;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#observer = observer;
    const prepare = (sql: string) => file.db.prepare<[]>(sql);
    this.#statements = {
      begin: prepare("BEGIN IMMEDIATE"),
      commit: prepare("COMMIT"),
      rollback: prepare("ROLLBACK"),
      save: prepare("SAVEPOINT write"),
      release: prepare("RELEASE write"),
      undo: prepare("ROLLBACK TO write"),
    };
  }

  /** Transactions that reached the disk, and writes applied in them. */
  get counts(): { readonly commits: number; readonly writes: number } {
    return { commits: this.#commits, writes: this.#writes };
  }

  /** Applies a write with the next commit; settles when it is on disk or has failed. */
  submit<T>(write: Write<T>): Promise<T> {
    const sizeBytes = write.sizeBytes ?? 0;
    if (this.#waiting.length >= waitingWritesMax || this.#waitingBytes + sizeBytes > waitingBytesMax) {
      return Promise.reject(writesOverloaded(this.#file.path));
    }
    this.#waitingBytes += sizeBytes;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        write: write as Write<unknown>,
        giveUpAtMs: performance.now() + this.#busyTimeoutMs,
        resolve: resolve as (result: unknown) => void,
        reject,
      });
      this.#schedule(0);
    });
  }

  /** Commits what waits, or fails it. No write may be submitted afterwards. */
  close(): void {
    for (const _ of this.#waiting.slice()) this.#commitNext();
    for (const waiting of this.#waiting.splice(0)) waiting.reject(writeUnfinished());
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const run = () => {
      this.#isScheduled = false;
      this.#commitNext();
    };
    if (delayMs === 0) setImmediate(run);
    else setTimeout(run, delayMs);
  }

  #commitNext(): void {
    const group = this.#takeGroup();
    if (group.length > 0) {
      try {
        this.#settle(group, this.#commit(group));
      } catch (error) {
        this.#onFailed(group, error);
      }
    }
    if (this.#waiting.length > 0) this.#schedule(0);
  }

  /** Takes the writes of the next transaction off the queue, and drops those whose callers are gone. */
  #takeGroup(): Waiting[] {
    const stepsMax = this.#aloneNext > 0 ? 1 : stepsPerCommitMax;
    const group: Waiting[] = [];
    let steps = 0;
    let sizeBytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      const { write } = waiting;
      steps += write.steps ?? 1;
      sizeBytes += write.sizeBytes ?? 0;
      if (group.length > 0 && (steps > stepsMax || sizeBytes > bytesPerCommitMax)) break;
      taken++;
      this.#waitingBytes -= write.sizeBytes ?? 0;
      const deadlineMs = write.context?.deadlineMs;
      if (deadlineMs !== undefined && deadlineMs <= this.#nowMs()) waiting.reject(writeAbandoned("DEADLINE_EXCEEDED"));
      else group.push(waiting);
    }
    this.#waiting.splice(0, taken);
    this.#aloneNext = Math.max(0, this.#aloneNext - taken);
    return group;
  }

  #commit(group: readonly Waiting[]): Outcome[] {
    const { begin, commit, rollback } = this.#statements;
    this.#file.requireInPlace();
    begin.run();
    try {
      this.#observer.onBegin();
      const outcomes = group.map(({ write }) => this.#attempt(write));
      commit.run();
      return outcomes;
    } catch (error) {
      if (this.#file.db.inTransaction) rollback.run();
      throw error;
    }
  }

  #attempt(write: Write<unknown>): Outcome {
    const { save, release, undo } = this.#statements;
    save.run();
    try {
      const result = write.apply();
      release.run();
      return { ok: true, result };
    } catch (error) {
      // Without a transaction there is no savepoint either: SQLite has undone the other writes too.
      if (!this.#file.db.inTransaction) throw error;
      undo.run();
      release.run();
      return { ok: false, error: this.#file.failed(error) };
    }
  }

  #settle(group: readonly Waiting[], outcomes: readonly Outcome[]): void {
    this.#file.succeeded();
    this.#commits++;
    for (const [index, { write }] of group.entries()) {
      const outcome = outcomes[index]!;
      if (!outcome.ok) continue;
      this.#writes++;
      write.onCommitted?.(outcome.result);
    }
    this.#observer.onCommitted();
    for (const [index, { resolve, reject }] of group.entries()) {
      const outcome = outcomes[index]!;
      if (outcome.ok) resolve(outcome.result);
      else reject(outcome.error);
    }
  }

  #onFailed(group: Waiting[], error: unknown): void {
    if (isLocked(error)) {
      this.#waitForLock(group, error);
    } else if (group.length > 1) {
      this.#aloneNext += group.length;
      this.#putBack(group);
    } else {
      const translated = this.#file.failed(error);
      for (const { reject } of group) reject(translated);
    }
  }

  /** Keeps the writes that may still wait; a caller that is gone does not. */
  #waitForLock(group: readonly Waiting[], error: unknown): void {
    const patient: Waiting[] = [];
    for (const waiting of group) {
      if (waiting.write.context?.signal.aborted) waiting.reject(writeAbandoned("CANCELLED"));
      else if (performance.now() >= waiting.giveUpAtMs) waiting.reject(this.#file.failed(error));
      else patient.push(waiting);
    }
    this.#putBack(patient);
    if (patient.length > 0) this.#schedule(lockedRetryMs);
  }

  #putBack(group: Waiting[]): void {
    for (const { write } of group) this.#waitingBytes += write.sizeBytes ?? 0;
    this.#waiting = group.concat(this.#waiting);
  }
}
