import type { CallContext } from "@prism-data/pattern-sdk";
import type { SqlSessions } from "./sql-sessions.js";
import { knownType } from "./sql-types.js";

/** Names that are remembered: apps make types now and then, and some with each deployment. */
const namesMax = 10_000;

const find = "SELECT oid, typname FROM pg_catalog.pg_type WHERE oid = ANY ($1)";

/** The names of column types in one namespace: PostgreSQL's own are known, those that apps make are asked for once. */
export class TypeNames {
  readonly #sessions: SqlSessions;
  readonly #names = new Map<number, string>();

  constructor(sessions: SqlSessions) {
    this.#sessions = sessions;
  }

  /** By oid. A type that was made in a transaction that is still open has no name yet. */
  async of(oids: readonly number[], context: CallContext): Promise<ReadonlyMap<number, string>> {
    const unknown = oids.filter((oid) => knownType(oid) === undefined && !this.#names.has(oid));
    if (unknown.length > 0) await this.#ask(unknown, context);
    return new Map(oids.map((oid) => [oid, knownType(oid)?.name ?? this.#names.get(oid) ?? ""]));
  }

  async #ask(oids: readonly number[], context: CallContext): Promise<void> {
    const rows = await this.#sessions.use(context, (session) => session.lookUp(find, [oids]));
    if (this.#names.size + rows.length > namesMax) this.#names.clear();
    for (const { oid, typname } of rows) this.#names.set(Number(oid), String(typname));
  }
}
