import type { Deletion, StoredNamespace } from "@prism-data/control-state";
import type { NamespaceConfig } from "../config/config.js";
import { readDeclaration } from "../config/declaration.js";
import type { Logger } from "../telemetry/log.js";
import { type ControlStore, StaleWriteError } from "./control-store.js";

/** A purge that failed is tried again after this long, in ms: its backend may be away. */
const retryMs = 30_000;

/** How long a purge that removes data may take, in ms. Until then no other proxy that shares the state begins with it. */
const claimMs = 60_000;

/** Other proxies that share the state have let go of a namespace this long after its deletion, in ms. */
const letGoMs = 2_000;

/** The longest time that `setTimeout` can wait. */
const timerMsMax = 2 ** 31 - 1;

export interface NamespacePurgeOptions {
  readonly store: ControlStore;
  readonly log: Logger;
  /** Epoch ms. */
  now(): number;
  /** Whether the file declares the name: then the data is the file's namespace's. */
  isInFile(name: string): boolean;
  /** Removes a namespace's data from its backend. */
  deleteData(namespace: NamespaceConfig): Promise<readonly string[]>;
}

/** Forgets deleted namespaces when their time has come, and removes their data where whoever deleted them consented. */
export class NamespacePurge implements Disposable {
  readonly #options: NamespacePurgeOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #disposed = false;

  constructor(options: NamespacePurgeOptions) {
    this.#options = options;
  }

  /** Purges what is due and sees to it that the rest is purged in time. Called after every change. Never rejects. */
  run(): Promise<void> {
    this.#running = (this.#running ?? Promise.resolve()).then(() => this.#run());
    return this.#running;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer);
    const { store, now } = this.#options;
    const dueTimes: number[] = [];
    for (const stored of store.snapshot.namespaces) {
      if (stored.deletion === undefined || this.#disposed) continue;
      const dueTimeMs = dueTimeOf(stored.deletion);
      if (dueTimeMs > now()) dueTimes.push(dueTimeMs);
      else if (!(await this.#purge(stored, stored.deletion.deletesData))) dueTimes.push(now() + retryMs);
    }
    const waitMs = Math.min(...dueTimes) - now();
    if (this.#disposed || waitMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => void this.run(), Math.min(Math.max(waitMs, 0), timerMsMax));
    this.#timer.unref();
  }

  /** Whether it is gone, or somebody else has taken it up. */
  async #purge(stored: StoredNamespace, deletesData: boolean): Promise<boolean> {
    const { store, log, isInFile } = this.#options;
    const { name, entry, etag } = stored;
    try {
      if (!deletesData || isInFile(name)) {
        await store.write([{ kind: "purge", name, etag }]);
        log.info({ namespace: name }, "namespace purged; its data stays");
        return true;
      }
      // Invariant: between the removal of its data and the end of its name nobody can declare the name anew.
      const claimed = await this.#claim(stored);
      const { namespace } = readDeclaration(name, entry);
      const changes = namespace === undefined ? [] : await this.#options.deleteData(namespace);
      await store.write([{ kind: "purge", name, etag: claimed }]);
      log.info({ namespace: name, changes }, "namespace purged with its data");
      return true;
    } catch (error) {
      if (error instanceof StaleWriteError) return true;
      log.warn({ namespace: name, reason: (error as Error).message }, "namespace not purged; it is tried again");
      return false;
    }
  }

  async #claim({ name, etag }: StoredNamespace): Promise<string> {
    const { store, now } = this.#options;
    const purgeTimeMs = now() + claimMs;
    const [claimed] = await store.write([{ kind: "delete", name, etag, purgeTimeMs, deletesData: true }]);
    return claimed!.etag;
  }
}

function dueTimeOf({ deleteTimeMs, purgeTimeMs, deletesData }: Deletion): number {
  return deletesData ? Math.max(purgeTimeMs, deleteTimeMs + letGoMs) : purgeTimeMs;
}
