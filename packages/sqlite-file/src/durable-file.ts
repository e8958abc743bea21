import { closeSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes the file and its folders when they are missing, for this user only, so that a power cut does not take them away again. An
 * existing file is left as it is. Throws what the file system throws.
 */
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
    sync(synced);
    if (synced === last) return;
  }
}

/** Writes a file, or a folder's list of files, to the disk. Throws what the file system throws. */
export function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
