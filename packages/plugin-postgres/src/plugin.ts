import {
  type Backend,
  definePlugin,
  EtagSource,
  keyValueCapabilities,
  relationalCapabilities,
} from "@prism-data/pattern-sdk";
import { ChangeFeed } from "./change-feed.js";
import { Chores } from "./chores.js";
import { settingsSchema } from "./config.js";
import { Connection } from "./connection.js";
import { PostgresKeyValue } from "./key-value.js";
import { keyValueChores, removeKeyValueRows } from "./key-value-sweep.js";
import { metricsOf } from "./metrics.js";
import { namespaceBinder } from "./namespace-binder.js";
import { removeRelationalRows } from "./namespace-database.js";
import { Namespaces } from "./namespaces.js";
import { relationalBinder } from "./relational-binder.js";
import { serverAccess } from "./server-access.js";

/** Key-value in PostgreSQL. What a write survives is what that server is configured to survive. */
export const postgresPlugin = definePlugin({
  name: "postgres",
  version: "0.1.0",
  durability: "backend",
  settings: settingsSchema,
  patterns: {
    "key-value": { capabilities: keyValueCapabilities },
    relational: { capabilities: relationalCapabilities },
  },
  async open(settings, context) {
    const { log, reportHealth } = context;
    const access = serverAccess(settings, context);
    const connection = new Connection({ access, poolSize: settings.pool_size, log, reportHealth });
    const namespaces = new Namespaces(connection, { pattern: "key-value", removeRows: removeKeyValueRows });
    const etags = new EtagSource();
    const chores = new Chores(keyValueChores(connection, namespaces), { connection, log });
    // Waiting saves the first calls from an error. A server that is not there is no failure: the connection goes on trying.
    await connection.firstOutcome;
    return {
      keyValue: namespaceBinder({
        connection,
        namespaces,
        capabilities: keyValueCapabilities,
        make: (namespace) => {
          const changes = new ChangeFeed(connection, namespace);
          return { pattern: new PostgresKeyValue({ connection, namespace, etags, changes }) };
        },
      }),
      relational: relationalBinder({
        connection,
        namespaces: new Namespaces(connection, { pattern: "relational", removeRows: removeRelationalRows }),
        capabilities: relationalCapabilities,
        connectionsMax: settings.pool_size,
      }),
      metrics: () => metricsOf(connection),
      async close() {
        chores.close();
        await connection.close();
      },
    } satisfies Backend;
  },
});
