import type { Entry } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

const countedCase = "storage: what a namespace holds is counted, and nobody else's, if the plugin says that it counts";

/** Stores that are wrong about what they hold. */
export const storageStores: readonly BrokenStore[] = [
  broken(
    "says that it counts what namespaces hold, and counts nothing",
    countedCase,
    class extends ReferenceStore {
      override storedBytes = () => 0;
    },
  ),
  broken(
    "counts what all namespaces hold as each one's",
    countedCase,
    class SharedCount extends ReferenceStore {
      static allBytes = 0;
      override keep(key: string, entry: Entry): void {
        super.keep(key, entry);
        SharedCount.allBytes += entry.value.length;
      }
      override storedBytes = () => SharedCount.allBytes;
    },
  ),
  broken(
    "goes on counting what was deleted",
    "storage: what is taken out of a namespace is not counted any more, if the plugin says that it counts",
    class extends ReferenceStore {
      #mostBytes = 0;
      override storedBytes(): number {
        this.#mostBytes = Math.max(this.#mostBytes, super.storedBytes());
        return this.#mostBytes;
      }
    },
  ),
];
