import * as z from "zod";
import { definePlugin } from "../../../define-plugin.js";
import type { KeyValue } from "../../../patterns/key-value/key-value.js";
import { type KeyValueCapability, keyValueCapabilities } from "../../../patterns/key-value/key-value-capabilities.js";
import type { Backend, PluginDefinition } from "../../../plugin.js";
import { ReferenceStore } from "./reference-store.js";

/** A store that can forget everything, and say what it holds. */
type Store = KeyValue & { clear?(): void; storedBytes?(): number };

/** What a plugin is made of that keeps its stores in this process. */
export interface ReferenceParts {
  readonly capabilities?: readonly KeyValueCapability[];
  /** Makes the store of a namespace. */
  readonly makeStore?: (namespace: string) => Store;
  /** Under which name a namespace's store is kept. */
  readonly storeName?: (namespace: string) => string;
  /** Whether deleting the data of `asked` reaches the store of `name`. */
  readonly reaches?: (asked: string, name: string) => boolean;
  /** The stores survive a restart of the plugin, as those of a real data system do. */
  readonly survivesRestart?: boolean;
}

/** A plugin on plain stores; with no parts given, one that keeps every promise. */
export function referencePlugin(parts: ReferenceParts = {}): PluginDefinition {
  const surviving = new Map<string, Store>();
  return definePlugin({
    name: "reference",
    version: "0.0.1",
    durability: "backend",
    settings: z.strictObject({}),
    patterns: { "key-value": { capabilities: parts.capabilities ?? keyValueCapabilities, countsStorage: true } },
    open: () => openStores(parts, parts.survivesRestart === false ? new Map() : surviving),
  });
}

function openStores(parts: ReferenceParts, stores: Map<string, Store>): Backend {
  const {
    makeStore = () => new ReferenceStore(),
    storeName = (namespace) => namespace,
    reaches = (asked, name) => asked === name,
  } = parts;
  return {
    keyValue: {
      bind({ namespace }) {
        const name = storeName(namespace);
        const pattern = stores.get(name) ?? makeStore(namespace);
        stores.set(name, pattern);
        return { pattern, storageBytes: () => pattern.storedBytes?.() ?? 0 };
      },
      deleteData(namespace) {
        const asked = storeName(namespace);
        for (const [name, store] of stores) if (reaches(asked, name)) store.clear?.();
        return [];
      },
    },
    close() {},
  };
}
