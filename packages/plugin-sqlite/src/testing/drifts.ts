import { rmSync } from "node:fs";
import { resolve } from "node:path";
import type { BackendPlace, Drift } from "@prism-data/pattern-sdk/conformance";
import Database from "better-sqlite3";
import { NamespaceFiles } from "../sql/namespace-files.js";

/** What somebody may do with `sqlite3` to the rows of namespaces, and to the files of those with SQL, by pattern. */
export const drifts = {
  "key-value": [removed("namespace")],
  queue: [
    removed("queue"),
    changed("UPDATE queue SET retention_ms = 5 WHERE namespace_id = ?", /retention_period 5 -> none/),
  ],
  stream: [
    removed("log"),
    changed("UPDATE stream_log SET retention_bytes = 5 WHERE namespace_id = ?", /retention_bytes 5 -> none/),
  ],
  relational: [
    {
      does: "removes the file",
      make(namespace: string, backend: BackendPlace) {
        const path = new NamespaceFiles(pathOf(backend)).pathOf(namespace);
        for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
      },
      told: /(made|make) the file/,
    },
  ],
} satisfies Readonly<Record<string, readonly Drift[]>>;

function removed(what: string): Drift {
  const told = new RegExp(`(made|make) an empty ${what} in`);
  return { ...changed("UPDATE namespace SET name = NULL WHERE id = ?", told), does: `removes the ${what}` };
}

function changed(sql: string, told: RegExp): Drift {
  const make = (namespace: string, backend: BackendPlace) => {
    const db = new Database(pathOf(backend));
    try {
      const find = db.prepare<[Buffer], number>("SELECT id FROM namespace WHERE name = ?").pluck();
      db.prepare(sql).run(find.get(Buffer.from(namespace)));
    } finally {
      db.close();
    }
  };
  return { does: `runs ${sql}`, make, told };
}

function pathOf({ settings, workingDir }: BackendPlace): string {
  return resolve(workingDir, String(settings.path));
}
