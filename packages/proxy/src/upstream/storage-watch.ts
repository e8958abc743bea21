import type { NamespaceConfig } from "../config/config.js";
import { storageCountIntervalMs } from "../routing/namespace-quota.js";
import type { Logger } from "../telemetry/log.js";

/** Where the counts come from. */
export interface CountedBackends {
  readonly config: { readonly namespaces: ReadonlyMap<string, NamespaceConfig> };
  storageBytes(backend: string, namespaces: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

/** What is held on one backend by those of its namespaces that have a limit. */
type Limited = ReadonlyMap<string, readonly NamespaceConfig[]>;

/**
 * Counts again and again what those namespaces hold that may not hold more than so much. One that cannot be counted now is
 * taken to hold what it did.
 */
export class StorageWatch implements Disposable {
  readonly #backends: CountedBackends;
  readonly #onCounted: (bytes: ReadonlyMap<string, number>) => void;
  readonly #log: Logger;
  #bytes: ReadonlyMap<string, number> = new Map();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(
    backends: CountedBackends,
    parts: { readonly onCounted: (bytes: ReadonlyMap<string, number>) => void; readonly log: Logger },
  ) {
    this.#backends = backends;
    this.#onCounted = parts.onCounted;
    this.#log = parts.log;
  }

  /** Counts now, and from now on. */
  start(): void {
    void this.#countAgain();
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** Counts once. Never rejects. */
  async count(): Promise<void> {
    const limited = limitedOf(this.#backends.config.namespaces);
    if (limited.size === 0 && this.#bytes.size === 0) return;
    const counts = await Promise.all([...limited].map(([backend, namespaces]) => this.#countOn(backend, namespaces)));
    if (this.#isClosed) return;
    this.#bytes = new Map(counts.flatMap((counted) => [...counted]));
    this.#onCounted(this.#bytes);
  }

  async #countAgain(): Promise<void> {
    await this.count();
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#countAgain(), storageCountIntervalMs);
    this.#timer.unref();
  }

  async #countOn(backend: string, namespaces: readonly NamespaceConfig[]): Promise<ReadonlyMap<string, number>> {
    const names = namespaces.map(({ name }) => name);
    const before = names.flatMap((name) => {
      const bytes = this.#bytes.get(name);
      return bytes === undefined ? [] : [[name, bytes] as const];
    });
    try {
      return new Map([...before, ...(await this.#backends.storageBytes(backend, names))]);
    } catch (error) {
      this.#log.debug({ backend, reason: (error as Error).message }, "storage of namespaces not counted");
      return new Map(before);
    }
  }
}

function limitedOf(namespaces: ReadonlyMap<string, NamespaceConfig>): Limited {
  const limited = [...namespaces.values()].filter(({ quota }) => quota?.storageBytes !== undefined);
  return Map.groupBy(limited, ({ backend }) => backend);
}
