import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Makes an empty file, and its folders, for this user only and so that a power cut does not take them away. Throws `EEXIST`. */
export function makeDurably(file: string): void {
  const folder = dirname(file);
  const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 });
  closeSync(openSync(file, "ax", 0o600));
  const last = firstMade === undefined ? folder : dirname(firstMade);
  for (let synced = folder; ; synced = dirname(synced)) {
    sync(synced);
    if (synced === last) return;
  }
}

/** Writes a file, or a folder's list of files, to the disk. */
export function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Which files a database's path and the path of its log lead to. `undefined`: one is missing. */
export function identityOf(file: string): string | undefined {
  const [database, log] = [file, `${file}-wal`].map((path) => statSync(path, { throwIfNoEntry: false }));
  return database && log && `${database.dev}:${database.ino}:${log.ino}`;
}
