import {
  type Binding,
  EtagSource,
  type KeyValueCapability,
  keyValueCapabilities,
  type PatternBinder,
} from "@prism-data/pattern-sdk";
import { endpointOf } from "./config.js";
import type { Connection } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { requireNoEviction } from "./eviction.js";
import { dropIndex, hasIndex, namesFrom } from "./key-index.js";
import { KeySpace } from "./key-space.js";
import { RedisKeyValue } from "./key-value.js";
import type { Opened } from "./opened.js";
import { prepared } from "./prepared.js";

/** The capabilities that an index is kept for; a namespace that needs none of them does not pay for it. */
const indexedCapabilities: readonly KeyValueCapability[] = ["scan", "ordered_scan", "count", "watch"];

export function keyValueBinder({ settings, context, connection, feed }: Opened): PatternBinder<RedisKeyValue> {
  const { log } = context;
  const { database } = endpointOf(settings.url);
  const etags = new EtagSource();
  const spaceOf = (namespace: string) => new KeySpace({ prefix: settings.key_prefix, database, namespace });
  return {
    async bind(binding) {
      const space = spaceOf(binding.namespace);
      const indexed = needsIndex(binding);
      const pattern = new RedisKeyValue({ connection, feed, etags, space, indexed, log });
      const capabilities = keyValueCapabilities.filter((name) => indexed || !indexedCapabilities.includes(name));
      const changes = await prepared(indexed ? () => built(pattern) : () => dropped(connection, space));
      return {
        pattern,
        capabilities,
        changes,
        durability: () => durabilityOf(connection),
        close: () => pattern.close(),
      };
    },
    async plan(binding) {
      const indexed = needsIndex(binding);
      if (indexed) await requireNoEviction(connection, "expiring");
      if ((await hasIndex(connection, spaceOf(binding.namespace))) === indexed) return [];
      return [indexed ? "would build an index of the keys that exist" : "would remove the index of the keys"];
    },
    deleteData: (namespace) => deleted(connection, spaceOf(namespace)),
  };
}

function needsIndex({ capabilities }: Binding): boolean {
  return indexedCapabilities.some((name) => capabilities.has(name));
}

async function built(pattern: RedisKeyValue): Promise<readonly string[]> {
  const found = await pattern.buildIndex();
  return found === undefined ? [] : [`built an index of ${found} keys`];
}

async function dropped(connection: Connection, space: KeySpace): Promise<readonly string[]> {
  return (await dropIndex(connection, space)) ? ["removed the index of the keys"] : [];
}

async function deleted(connection: Connection, space: KeySpace): Promise<readonly string[]> {
  let removed = 0;
  for await (const names of namesFrom(connection, space.base))
    removed += Number(await connection.command("UNLINK", names));
  return removed === 0 ? [] : [`removed ${removed} names from Redis`];
}
