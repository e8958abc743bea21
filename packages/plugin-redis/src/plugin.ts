import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import {
  type Backend,
  type Binding,
  definePlugin,
  EtagSource,
  GatewayError,
  type KeyValueCapability,
  keyValueCapabilities,
  type PatternBinder,
  type PluginContext,
} from "@prism-data/pattern-sdk";
import { ChangeFeed } from "./change-feed.js";
import { endpointOf, type Settings, settingsSchema } from "./config.js";
import { Connection, type ConnectionOptions } from "./connection.js";
import { durabilityOf } from "./durability.js";
import { invalidTlsFile } from "./errors.js";
import { dropIndex, hasIndex, namesFrom } from "./key-index.js";
import { KeySpace } from "./key-space.js";
import { RedisKeyValue } from "./key-value.js";
import { metricsOf } from "./metrics.js";

/** The capabilities that an index is kept for; a namespace that needs none of them does not pay for it. */
const indexedCapabilities: readonly KeyValueCapability[] = ["scan", "ordered_scan", "count", "watch"];

/** Key-value in a standalone Redis. What a write survives is what that Redis is configured to survive. */
export const redisPlugin = definePlugin({
  name: "redis",
  version: "0.1.0",
  durability: "backend",
  settings: settingsSchema,
  patterns: { "key-value": { capabilities: keyValueCapabilities } },
  async open(settings, context) {
    const connection = new Connection(connectionOptions(settings, context));
    const feed = new ChangeFeed({ open: () => connection.openSubscriber(), address: connection.address });
    // Waiting saves the first calls from an error. A server that is not there is no failure: the connection goes on trying.
    await connection.firstOutcome;
    return {
      keyValue: keyValueBinder({ settings, context, connection, feed }),
      metrics: () => metricsOf(connection),
      close() {
        feed.close();
        connection.close();
      },
    } satisfies Backend;
  },
});

interface Opened {
  readonly settings: Settings;
  readonly context: PluginContext;
  readonly connection: Connection;
  readonly feed: ChangeFeed;
}

function keyValueBinder({ settings, context, connection, feed }: Opened): PatternBinder<RedisKeyValue> {
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
      if ((await hasIndex(connection, spaceOf(binding.namespace))) === indexed) return [];
      return [indexed ? "would build an index of the keys that exist" : "would remove the index of the keys"];
    },
    deleteData: (namespace) => deleted(connection, spaceOf(namespace)),
  };
}

function needsIndex({ capabilities }: Binding): boolean {
  return indexedCapabilities.some((name) => capabilities.has(name));
}

/** Redis may be away: then the index is built, or left, when it is back. Everything else that goes wrong fails the bind. */
async function prepared(prepare: () => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await prepare();
  } catch (error) {
    if (!(error instanceof GatewayError) || error.reason !== "BACKEND_UNAVAILABLE") throw error;
    return ["Redis does not answer now; what the namespace needs is made when it does"];
  }
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

function connectionOptions(
  settings: Settings,
  { backend, workingDir, log, reportHealth }: PluginContext,
): ConnectionOptions {
  const endpoint = endpointOf(settings.url);
  return {
    endpoint,
    username: settings.username,
    password: settings.password,
    tls: endpoint.encrypted ? tlsOptions(settings.tls, workingDir) : undefined,
    connectTimeoutMs: settings.connect_timeout,
    silenceTimeoutMs: settings.command_timeout,
    // Redis takes no spaces and no control characters in a connection's name.
    name: `prism-${backend.replace(/[^!-~]/g, "_")}`,
    log,
    reportHealth,
  };
}

/** Reads the files now, so that one that cannot work is told at once and not at the first connection. */
function tlsOptions(tls: Settings["tls"] = {}, workingDir: string): ConnectionOptions["tls"] {
  const read = (field: "ca_file" | "cert_file" | "key_file", as: "ca" | "cert" | "key") => {
    const file = tls[field];
    if (file === undefined) return {};
    const path = resolve(workingDir, file);
    try {
      return { [as]: readFileSync(path) };
    } catch (error) {
      throw invalidTlsFile(field, path, error);
    }
  };
  const files = { ...read("ca_file", "ca"), ...read("cert_file", "cert"), ...read("key_file", "key") };
  try {
    createSecureContext(files);
  } catch (error) {
    throw invalidTlsFile("ca_file", "one of the files", error);
  }
  return { ...files, ...(tls.server_name === undefined ? {} : { servername: tls.server_name }) };
}
