import { keyValueTables } from "./key-value-tables.js";
import { namespaceTables } from "./namespace-tables.js";
import { pubSubTables } from "./pub-sub-tables.js";
import { queueTables } from "./queue-tables.js";
import { relationalTables } from "./relational-tables.js";
import { streamTables } from "./stream-tables.js";

/** Makes one step of the schema: SQL that runs with the schema as search_path, once, in one transaction with the others. */
export type Migration = (schema: string) => string;

/**
 * One step per version, applied in order; table `version` counts those that a schema has seen. A step that was released is never
 * changed.
 */
export const migrations: readonly Migration[] = [
  namespaceTables,
  keyValueTables,
  queueTables,
  relationalTables,
  streamTables,
  pubSubTables,
];
