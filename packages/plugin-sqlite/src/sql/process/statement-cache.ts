import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoredColumn } from "../connection-messages.js";
import { parameterCount } from "./parameter-count.js";
import { SqlFailure } from "./sql-failure.js";

/** How many prepared statements a connection keeps: what an app with a few dozen statements uses over and over. */
const statementsMax = 128;

/** A longer text is hardly sent twice, and not worth the memory. */
const cachedCharsMax = 16_384;

/** White space, comments and semicolons: what may stand around a statement. */
const filling = /(?:[ \t\n\f\r;\ufeff]|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*/y;

/** A statement that SQLite has accepted. */
export interface PreparedStatement {
  readonly statement: StatementSync;
  readonly parameters: number;
  readonly columns: readonly StoredColumn[];
}

/** The prepared statements of a connection, by their text; those used last are kept. */
export class StatementCache {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, PreparedStatement>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Throws what SQLite throws, and `SqlFailure` for a text that is not one statement with numbered parameters. */
  prepare(sql: string): PreparedStatement {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const prepared = this.#prepared(sql);
    if (sql.length <= cachedCharsMax) this.#keep(sql, prepared);
    return prepared;
  }

  #keep(sql: string, prepared: PreparedStatement): void {
    this.#statements.set(sql, prepared);
    if (this.#statements.size <= statementsMax) return;
    const [oldest] = this.#statements.keys();
    this.#statements.delete(oldest!);
  }

  #prepared(sql: string): PreparedStatement {
    if (fillingEnd(sql, 0) === sql.length) throw new SqlFailure("SQLITE_ERROR", "the text holds no statement");
    const statement = this.#db.prepare(sql);
    // SQLite compiles the first statement of a text and says where it ends.
    if (fillingEnd(sql, statement.sourceSQL.length) < sql.length) {
      throw new SqlFailure(
        "SQLITE_ERROR",
        "the text holds more than one statement; send them one by one, or as a batch",
      );
    }
    const parameters = parameterCount(sql);
    if (parameters === undefined) {
      throw new SqlFailure("SQLITE_ERROR", "parameters have no names here; number them: ?1, ?2 and so on");
    }
    const columns = statement.columns().map(({ name, type }) => ({ name, type: type ?? "" }));
    return { statement, parameters, columns };
  }
}

function fillingEnd(sql: string, start: number): number {
  filling.lastIndex = start;
  filling.test(sql);
  return filling.lastIndex;
}
