import type { BatchResult } from "@prism-data/pattern-sdk";
import { callAbandoned, entriesOverloaded, isOutage, translateError } from "./errors.js";

/** Bounds of one statement: large enough to share a commit among all that wait, small enough not to hold up others for long. */
const stepsPerCommitMax = 512;
const bytesPerCommitMax = 8 * 2 ** 20;

/** Entries that may wait: a few commits' worth. More would only wait past their deadlines. */
const waitingEntriesMax = 16_384;
const waitingBytesMax = 64 * 2 ** 20;

/** What an entry costs, and who waits for it. */
export interface EntryTerms {
  /** The bytes that it carries. Default 0. */
  readonly sizeBytes?: number;
  /** How many rows it changes at most. Default 1. */
  readonly steps?: number;
  /** When its caller stops waiting, in ms since the Unix epoch. `undefined`: never. */
  readonly deadlineMs?: number | undefined;
}

interface Waiting<Entry, Result> extends EntryTerms {
  readonly entry: Entry;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export interface GroupCommitOptions<Entry, Result> {
  /**
   * Applies entries in order, in one transaction; one result each, when they are durable. When it throws, none is applied, or it is
   * not known which.
   */
  readonly apply: (entries: readonly Entry[]) => Promise<readonly BatchResult<Result>[]>;
  /** The server, for messages. */
  readonly address: string;
}

/**
 * Commits the entries that arrive in one turn of the event loop, or while a commit is under way, together: one transaction and one sync
 * to disk for all of them.
 *
 * Entries are applied in the order of submission. One that fails does not affect the others: when the server refuses the whole
 * transaction because of what is in it, each entry is applied again in one of its own.
 */
export class GroupCommit<Entry, Result> {
  readonly #options: GroupCommitOptions<Entry, Result>;
  #waiting: Waiting<Entry, Result>[] = [];
  #waitingBytes = 0;
  #state: "idle" | "scheduled" | "committing" = "idle";

  constructor(options: GroupCommitOptions<Entry, Result>) {
    this.#options = options;
  }

  /** Applies an entry with the next commit; settles when it is durable or has failed. */
  submit(entry: Entry, terms: EntryTerms = {}): Promise<Result> {
    const sizeBytes = terms.sizeBytes ?? 0;
    if (this.#waiting.length >= waitingEntriesMax || this.#waitingBytes + sizeBytes > waitingBytesMax) {
      return Promise.reject(entriesOverloaded(this.#options.address));
    }
    this.#waitingBytes += sizeBytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...terms, entry, resolve, reject });
      if (this.#state !== "idle") return;
      this.#state = "scheduled";
      setImmediate(() => void this.#commitAll());
    });
  }

  async #commitAll(): Promise<void> {
    this.#state = "committing";
    while (this.#waiting.length > 0) await this.#commit(this.#takeGroup());
    this.#state = "idle";
  }

  /** Takes the entries of the next transaction off the queue, and drops those whose callers are gone. */
  #takeGroup(): Waiting<Entry, Result>[] {
    const group: Waiting<Entry, Result>[] = [];
    const nowMs = Date.now();
    let steps = 0;
    let bytes = 0;
    let taken = 0;
    for (const waiting of this.#waiting) {
      steps += waiting.steps ?? 1;
      bytes += waiting.sizeBytes ?? 0;
      if (group.length > 0 && (steps > stepsPerCommitMax || bytes > bytesPerCommitMax)) break;
      taken++;
      this.#waitingBytes -= waiting.sizeBytes ?? 0;
      if (waiting.deadlineMs !== undefined && waiting.deadlineMs <= nowMs)
        waiting.reject(callAbandoned("DEADLINE_EXCEEDED"));
      else group.push(waiting);
    }
    this.#waiting.splice(0, taken);
    return group;
  }

  /** Never rejects. */
  async #commit(group: readonly Waiting<Entry, Result>[]): Promise<void> {
    if (group.length === 0) return;
    try {
      const results = await this.#options.apply(group.map(({ entry }) => entry));
      for (const [index, { resolve, reject }] of group.entries()) {
        const result = results[index]!;
        if (result.ok) resolve(result.result);
        else reject(result.error);
      }
    } catch (error) {
      const failure = translateError(error, this.#options.address);
      if (group.length > 1 && !isOutage(failure)) for (const waiting of group) await this.#commit([waiting]);
      else for (const { reject } of group) reject(failure);
    }
  }
}

/** Deals the results of all entries out again to those who brought several each. */
export function dealtOut<T>(
  entries: readonly { readonly length: number }[],
  results: readonly T[],
): readonly BatchResult<readonly T[]>[] {
  let at = 0;
  return entries.map(({ length }) => {
    at += length;
    return { ok: true, result: results.slice(at - length, at) };
  });
}
