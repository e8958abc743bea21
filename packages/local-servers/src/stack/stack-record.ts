import { renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalServerError } from "../local-server-error.js";
import type { ProcessIdentity } from "../process-table.js";
import type { Ports } from "../server-kind.js";

/** What the stack remembers of a server. */
export interface StackRecord {
  readonly version: string;
  readonly ports: Ports;
  /** What `data` lies in, when that is not the folder of the record. */
  readonly elsewhere: string | null;
  /** The process that was started last. `null`: it was stopped. */
  readonly process: ProcessIdentity | null;
}

/** `undefined`: the folder remembers no server. */
export async function readRecord(folder: string): Promise<StackRecord | undefined> {
  const file = recordFile(folder);
  try {
    return JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new LocalServerError(
      `${file} cannot be read (${(cause as Error).message}). End the server if it runs, and remove the file.`,
      { cause },
    );
  }
}

/** At once, so that no process runs that nobody knows of; and whole or not at all. */
export function writeRecord(folder: string, record: StackRecord): void {
  const file = recordFile(folder);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function recordFile(folder: string): string {
  return join(folder, "server.json");
}
