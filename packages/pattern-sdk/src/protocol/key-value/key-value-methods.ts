import { atomicMethods } from "./atomic-methods.js";
import { basicMethods } from "./basic-methods.js";
import { batchMethods } from "./batch-methods.js";
import { scanMethods } from "./scan-methods.js";
import { ttlMethods } from "./ttl-methods.js";
import { watchMethods } from "./watch-methods.js";

/** The methods of `prism.keyvalue.v1.KeyValueService` on top of the namespaces' `KeyValue`, by name. */
export const keyValueMethods = {
  ...basicMethods,
  ...batchMethods,
  ...scanMethods,
  ...ttlMethods,
  ...atomicMethods,
  ...watchMethods,
};
