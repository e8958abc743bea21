import type { Awaitable } from "../../../awaitable.js";
import type { Change, Entry } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get times to live wrong. */
export const ttlStores: readonly BrokenStore[] = [
  broken(
    "ignores times to live",
    "ttl: a key is there until its time has passed, and gone then",
    class extends ReferenceStore {
      override isExpired = () => false;
    },
  ),
  broken(
    "lets keys expire early",
    "ttl: a key is there until its time has passed, and gone then",
    class extends ReferenceStore {
      override isExpired = ({ expiresAtMs = Number.POSITIVE_INFINITY }: Entry) => expiresAtMs - 100 <= Date.now();
    },
  ),
  broken(
    "keeps the time to live through an overwrite",
    "ttl: an overwrite without a time to live takes it away",
    class extends ReferenceStore {
      override put(write: { key: string; value: Uint8Array; expiresAtMs?: number | undefined }): string {
        return super.put({ ...write, expiresAtMs: write.expiresAtMs ?? this.live(write.key)?.expiresAtMs });
      }
    },
  ),
  broken(
    "removes a key by the timer of a value that was overwritten",
    "ttl: an overwrite with a longer time to live replaces the shorter",
    class extends ReferenceStore {
      override keep(key: string, entry: Entry): void {
        super.keep(key, entry);
        const { expiresAtMs } = entry;
        if (expiresAtMs !== undefined) setTimeout(() => this.entries.delete(key), expiresAtMs - Date.now()).unref();
      }
    },
  ),
  broken(
    "counts expired keys",
    "ttl: an expired key is not counted",
    class extends ReferenceStore {
      readonly #expired = new Set<string>();
      override notify(change: Change): void {
        if (change.kind === "expired") this.#expired.add(change.key);
        super.notify(change);
      }
      override count(prefix: string): number {
        return (
          this.matchingKeys({ kind: "prefix", prefix }).length +
          [...this.#expired].filter((key) => key.startsWith(prefix)).length
        );
      }
    },
  ),
  broken(
    "takes the time to live away with an increment",
    "ttl: an increment leaves the time to live",
    class extends ReferenceStore {
      override increment(key: string, delta: bigint): Awaitable<{ value: bigint; etag: string }> {
        this.persist(key);
        return super.increment(key, delta);
      }
    },
  ),
  broken(
    "changes the etag with expire",
    "ttl: expire gives a time to live, leaves value and etag, and the key goes on time",
    class extends ReferenceStore {
      override expire(key: string, ttlMs: number): Awaitable<number | undefined> {
        const entry = this.live(key);
        return entry && this.apply({ key, value: entry.value, ttlMs }) && this.live(key)?.expiresAtMs;
      }
    },
  ),
];
