import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeDurably, sync } from "@prism-data/sqlite-file";

/** The longest name that is written out: beyond, a file system may refuse the file or its log. */
const nameCharsMax = 180;

/** How much of a longer name is kept, for people. */
const keptChars = 100;

/** The files of the namespaces with SQL: one each, in a folder beside the backend's own file. */
export class NamespaceFiles {
  readonly #folder: string;

  /** `path` is that of the backend's own file. */
  constructor(path: string) {
    this.#folder = `${path}.sql`;
  }

  pathOf(namespace: string): string {
    return join(this.#folder, `${fileName(namespace)}.db`);
  }

  has(namespace: string): boolean {
    return existsSync(this.pathOf(namespace));
  }

  /** Makes the file when it is missing. */
  make(namespace: string): void {
    makeDurably(this.pathOf(namespace));
  }

  /** Removes the file and its log, which nobody may have open. */
  remove(namespace: string): void {
    const path = this.pathOf(namespace);
    for (const end of ["-wal", "-shm", ""]) rmSync(`${path}${end}`, { force: true });
    sync(dirname(path));
  }
}

/**
 * A file name for any namespace: readable, and different for every other one, also where the file system does not tell upper from
 * lower case or normalizes.
 */
export function fileName(namespace: string): string {
  const name = namespace.replace(/[^a-z0-9_-]/gu, (character) =>
    [...Buffer.from(character)].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""),
  );
  if (name.length <= nameCharsMax) return name;
  return `${name.slice(0, keptChars)}%-${createHash("sha256").update(namespace).digest("hex")}`;
}
