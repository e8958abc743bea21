import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { postgres, sharedAddress } from "@prism-data/local-servers";
import Database from "better-sqlite3";
import { Client } from "pg";
import type { ControlStateLocation } from "../location.js";

/** Where a test keeps a control state of its own. */
export interface Place extends AsyncDisposable {
  readonly location: ControlStateLocation;
  /** Makes its tables look as if a newer version had changed them. */
  becomeNewer(): Promise<void>;
  /** Makes its tables what the first version had. */
  becomeFirst(): Promise<void>;
}

/** The kinds of places, by name. */
export const places: Readonly<Record<string, () => Promise<Place>>> = {
  SQLite: sqlitePlace,
  PostgreSQL: postgresPlace,
};

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
    async becomeFirst() {
      const db = new Database(file);
      db.exec("DROP TABLE disabled_backend; PRAGMA user_version = 1");
      db.close();
    },
    async [Symbol.asyncDispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function postgresPlace(): Promise<Place> {
  const url = sharedAddress(postgres, process.env);
  const schema = `control_${randomBytes(6).toString("hex")}`;
  const client = new Client(url);
  await client.connect();
  return {
    location: { kind: "postgres", url, schema, password: undefined, tls: undefined },
    async becomeNewer() {
      await client.query(`UPDATE ${schema}.state SET version = 99`);
    },
    async becomeFirst() {
      await client.query(`DROP TABLE ${schema}.disabled_backend; UPDATE ${schema}.state SET version = 1`);
    },
    async [Symbol.asyncDispose]() {
      await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      await client.end();
    },
  };
}
