import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import type { ControlStateLocation } from "../location.js";

/** Where a test keeps a control state of its own. */
export interface Place extends AsyncDisposable {
  readonly location: ControlStateLocation;
  /** Makes its tables look as if a newer version had changed them. */
  becomeNewer(): Promise<void>;
}

/** The kinds of places, by name. */
export const places: Readonly<Record<string, () => Promise<Place>>> = { SQLite: sqlitePlace };

async function sqlitePlace(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), "prism-control-"));
  const file = join(folder, "data", "control.db");
  return {
    location: { kind: "sqlite", file },
    async becomeNewer() {
      const db = new Database(file);
      db.pragma("user_version = 99");
      db.close();
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
