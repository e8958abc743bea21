import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";

/** Makes the file and its folders when they are missing, for this user only, so that a power cut does not take them away again. */
export function makeDurably(path: string): void {
  const folder = dirname(path);
  const firstMade = mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch (error) {
    // An existing file must not be opened beside SQLite: closing it again would drop the locks that SQLite holds on it.
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return;
    throw error;
  }
  const last = firstMade === undefined ? folder : dirname(firstMade);
  for (let synced = folder; ; synced = dirname(synced)) {
    syncFolder(synced);
    if (synced === last) return;
  }
}

export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Which files the path and its log lead to. `undefined`: one is missing. */
export function identityOf(path: string): string | undefined {
  const [file, log] = [path, `${path}-wal`].map((name) => statSync(name, { throwIfNoEntry: false }));
  if (file === undefined || log === undefined) return undefined;
  return `${file.dev}:${file.ino}:${log.ino}`;
}
