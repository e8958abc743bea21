import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A path for a Unix socket that nobody else uses, and how to remove it. */
export function temporarySocket(): { path: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "prism-transport-"));
  return { path: join(folder, "socket"), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
