import { statSync } from "node:fs";

/** Which files a database's path and the path of its log lead to. `undefined`: one is missing. */
export function identityOf(path: string): string | undefined {
  const [database, log] = [path, `${path}-wal`].map((name) => statSync(name, { throwIfNoEntry: false }));
  return database && log && `${database.dev}:${database.ino}:${log.ino}`;
}
