import type { ControlState } from "./control-state.js";
import type { ControlStateLocation } from "./location.js";

/** Where events of the connection to the store are told. */
export interface ControlStateLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface OpenOptions {
  readonly log: ControlStateLog;
  /** The time in ms since 1970. */
  now(): number;
}

/**
 * Opens a control state. Resolves after the first attempt, whatever came of it: while the store is away, `reachability` says why, and it
 * is tried for as long as it takes. In SQLite nothing is made before the first write.
 */
export async function openControlState(location: ControlStateLocation, options: OpenOptions): Promise<ControlState> {
  switch (location.kind) {
    case "sqlite": {
      const { SqliteControlState } = await import("./sqlite/sqlite-control-state.js");
      return await SqliteControlState.open(location.file, options);
    }
    case "postgres": {
      const { PostgresControlState } = await import("./postgres/postgres-control-state.js");
      return await PostgresControlState.open(location, options);
    }
  }
}
