import { batchStores } from "./batch-stores.js";
import type { BrokenStore } from "./broken-store.js";
import { conditionalStores } from "./conditional-stores.js";
import { counterStores } from "./counter-stores.js";
import { namespaceStores } from "./namespace-stores.js";
import { scanStores } from "./scan-stores.js";
import { storageStores } from "./storage-stores.js";
import { tokenStores } from "./token-stores.js";
import { transactionStores } from "./transaction-stores.js";
import { ttlStores } from "./ttl-stores.js";
import { valueStores } from "./value-stores.js";
import { watchStores } from "./watch-stores.js";

/** Each does one thing wrong: what the suite must be able to tell from a store that keeps its promises. */
export const brokenStores: readonly BrokenStore[] = [
  ...valueStores,
  ...ttlStores,
  ...conditionalStores,
  ...tokenStores,
  ...batchStores,
  ...scanStores,
  ...counterStores,
  ...transactionStores,
  ...watchStores,
  ...storageStores,
  ...namespaceStores,
];
