import type { BackendPlace, Drift } from "@prism-data/pattern-sdk/conformance";
import { encodeName } from "../namespaces.js";
import { runAsAdmin } from "./own-connection.js";

/** What an operator may do with `psql` to what namespaces are, by pattern. */
export const drifts = {
  "key-value": [removed("key-value")],
  "pub-sub": [
    removed("pub-sub"),
    changed("pub-sub", "DELETE FROM prism.pubsub_namespace WHERE namespace_id = ID", /(made|make) an empty pub-sub/),
  ],
  queue: [removed("queue")],
  stream: [
    removed("stream"),
    changed("stream", "DELETE FROM prism.stream_log WHERE namespace_id = ID", /(made|make) an empty log/),
    changed(
      "stream",
      "UPDATE prism.stream_log SET compaction = true WHERE namespace_id = ID",
      /compaction true -> false/,
    ),
    {
      ...changed("stream", "UPDATE prism.stream_log SET partitions = 3 WHERE namespace_id = ID", /was made with 3/),
      refusedAs: "INVALID_SETTINGS",
    },
  ],
  relational: [
    {
      does: "drops the database",
      async make(namespace, backend) {
        const found = `SELECT name FROM prism.relational_database WHERE namespace_id = ${idOf("relational", namespace)}`;
        const [row] = await runAsAdmin(found, urlOf(backend));
        await runAsAdmin(`DROP DATABASE ${row!.name} WITH (FORCE)`, urlOf(backend));
      },
      told: /(made|make) the empty database /,
    },
  ],
} satisfies Readonly<Record<string, readonly Drift[]>>;

function removed(pattern: string): Drift {
  const told = /(made|make) an empty namespace/;
  return changed(pattern, "UPDATE prism.namespace SET name = NULL WHERE id = ID", told);
}

/** `ID` stands for the namespace's. */
function changed(pattern: string, sql: string, told: RegExp): Drift {
  return {
    does: `runs ${sql}`,
    make: (namespace, backend) => runAsAdmin(sql.replace("ID", idOf(pattern, namespace)), urlOf(backend)),
    told,
  };
}

function idOf(pattern: string, namespace: string): string {
  return `(SELECT id FROM prism.namespace WHERE pattern = '${pattern}' AND name = '${encodeName(namespace)}')`;
}

function urlOf({ settings }: BackendPlace): string {
  return String(settings.url);
}
