import { type PatternBinder, type PubSubOptions, pubSubCapabilities } from "@prism-data/pattern-sdk";
import { endpointOf } from "./config.js";
import type { Connection } from "./connection.js";
import { namespaceBinder } from "./namespace-binder.js";
import type { Opened } from "./opened.js";
import type { PatternSpace } from "./pattern-space.js";
import { RedisPubSub } from "./pub-sub.js";
import { removeGroupsScript } from "./pub-sub-scripts.js";
import { PubSubSpace } from "./pub-sub-space.js";

/** How many groups one script removes. */
const removedGroupsMax = 100;

export function pubSubBinder(opened: Opened): PatternBinder<RedisPubSub, PubSubOptions> {
  const { connection, settings, context, news, presence } = opened;
  const { database } = endpointOf(settings.url);
  return namespaceBinder<RedisPubSub, PubSubOptions>({
    opened,
    pattern: "pubsub",
    capabilities: pubSubCapabilities,
    make({ base }, { options }) {
      const space = new PubSubSpace(base, database);
      const { log } = context;
      const pattern = new RedisPubSub({ connection, news, presence, space, log, ...options });
      return { pattern, close: () => pattern.close() };
    },
    remove: (space) => removeNamespace(connection, space, database),
  });
}

async function removeNamespace(connection: Connection, { base }: PatternSpace, database: number): Promise<boolean> {
  const keys = (await connection.command("HKEYS", [`${base}groups`])) as Buffer[];
  for (let at = 0; at < keys.length; at += removedGroupsMax) {
    const args = [base, database, ...keys.slice(at, at + removedGroupsMax)];
    await connection.run(removeGroupsScript, [`${base}groups`], args);
  }
  const names = ["groups", "topics", "patterns", "seen", "live:log", "live:records:0"].map((name) => base + name);
  return keys.length > 0 || (await connection.command("UNLINK", names)) !== 0;
}
