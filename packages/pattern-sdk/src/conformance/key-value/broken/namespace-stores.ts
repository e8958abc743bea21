import type { KeyValue } from "../../../patterns/key-value/key-value.js";
import type { BrokenStore } from "./broken-store.js";
import { ReferenceStore } from "./reference-store.js";

/** Plugins that mix up namespaces, or lose them. */
export const namespaceStores: readonly BrokenStore[] = [
  {
    does: "ignores the case of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    storeName: (namespace) => namespace.toLowerCase(),
  },
  {
    does: "joins namespace and key with a colon",
    caughtBy: "isolation: a name and a key do not run into each other",
    capabilities: [],
    makeStore: joinsNames(),
  },
  {
    does: "deletes every namespace whose name starts alike",
    caughtBy: "isolation: deleting the data of a namespace leaves the others",
    reaches: (asked, name) => name.startsWith(asked),
  },
  {
    does: "keeps the data of a namespace that was deleted",
    caughtBy:
      "isolation: a namespace whose data was deleted is empty when it is bound again, and has forgotten its tokens",
    reaches: () => false,
  },
  {
    does: "says that it is durable, and keeps everything in its process",
    caughtBy: "durability: what was acknowledged is there after a kill, with its etag",
    survivesRestart: false,
  },
];

/** All namespaces in one store, under keys that run into each other. */
function joinsNames(): (namespace: string) => KeyValue {
  const all = new ReferenceStore();
  return (namespace) => ({
    get: (key) => all.get(`${namespace}:${key}`),
    set: (request) => all.set({ ...request, key: `${namespace}:${request.key}` }),
    delete: (request) => all.delete({ ...request, key: `${namespace}:${request.key}` }),
    exists: (key) => all.exists(`${namespace}:${key}`),
  });
}
