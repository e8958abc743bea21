import { setTimeout as pause } from "node:timers/promises";
import type { Change, Entry } from "../../../patterns/key-value/key-value.js";
import { type BrokenStore, broken } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Stores that get watches wrong. */
export const watchStores: readonly BrokenStore[] = [
  broken(
    "sends changes twice",
    "watch: each change comes once, in order, with value and etag",
    class extends ReferenceStore {
      override notify(change: Change): void {
        super.notify(change);
        super.notify(change);
      }
    },
  ),
  broken(
    "sends changes out of order",
    "watch: under concurrent writers the changes of each key come once and in the order they were made",
    class extends ReferenceStore {
      #sent = 0;
      override notify(change: Change): void {
        this.#sent++;
        setTimeout(() => super.notify(change), this.#sent % 3 === 0 ? 5 : 0);
      }
    },
  ),
  broken(
    "sends expired only when somebody reads the key",
    "watch: a key that expires sends expired, once, and nothing before its time",
    class extends ReferenceStore {
      override keep(key: string, entry: Entry): void {
        this.entries.set(key, entry);
      }
    },
  ),
  broken(
    "says that a watch is in place before it is",
    "watch: a write that is acknowledged after the watch is in place is never missed",
    class extends ReferenceStore {
      override async watch(...[prefix, sink, context]: Parameters<ReferenceStore["watch"]>): Promise<void> {
        sink.started();
        await pause(20);
        return super.watch(prefix, { started() {}, change: (change) => sink.change(change) }, context);
      }
    },
  ),
  broken(
    "sends every key to every watcher",
    "watch: only keys with the prefix are sent, whatever wildcards it holds",
    class extends ReferenceStore {
      override watch = (...[, sink, context]: Parameters<ReferenceStore["watch"]>) => super.watch("", sink, context);
    },
  ),
];
