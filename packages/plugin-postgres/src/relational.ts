import {
  atStatement,
  type BeginRequest,
  type CallContext,
  type Isolation,
  type Relational,
  type RowOutlet,
  type SqlStatement,
  type SqlTransaction,
} from "@prism-data/pattern-sdk";
import { commitOfFailed, translateSqlError } from "./sql-errors.js";
import type { SqlSession } from "./sql-session.js";
import type { SqlSessions } from "./sql-sessions.js";
import { TypeNames } from "./type-names.js";

/** What a transaction has that names none: every session is set to it. */
const defaultIsolation: Isolation = "read-committed";

/** SQL in one namespace, which is a database of its own. Each call has a connection of its own, as its role, while it lasts. */
export class PostgresRelational implements Relational {
  readonly #sessions: () => Promise<SqlSessions>;
  readonly #typeNames = new WeakMap<SqlSessions, TypeNames>();
  readonly #address: string;

  /** `sessions`: those of the namespace, whose database may have to be made first. */
  constructor(address: string, sessions: () => Promise<SqlSessions>) {
    this.#address = address;
    this.#sessions = sessions;
  }

  async query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): Promise<void> {
    const sessions = await this.#sessions();
    await sessions.use(context, (session) => this.#query(session, sessions, { statement, outlet, context }));
  }

  async execute(statement: SqlStatement, context: CallContext): Promise<number> {
    const sessions = await this.#sessions();
    return sessions.use(context, (session) => session.execute(statement, context));
  }

  async executeBatch(statements: readonly SqlStatement[], context: CallContext): Promise<readonly number[]> {
    const sessions = await this.#sessions();
    return sessions.use(context, async (session) => {
      await session.begin("");
      const counts: number[] = [];
      try {
        for (const statement of statements) counts.push(await session.execute(statement, context));
      } catch (error) {
        await session.rollback().catch(() => {});
        throw atStatement(translateSqlError(error, this.#address, context), counts.length);
      }
      await session.commit();
      return counts;
    });
  }

  async begin({ isolation = defaultIsolation, readOnly }: BeginRequest, context: CallContext): Promise<SqlTransaction> {
    const sessions = await this.#sessions();
    const session = await sessions.take(context);
    const translated = async <T>(work: () => PromiseLike<T>): Promise<T> => {
      try {
        return await work();
      } catch (error) {
        throw translateSqlError(error, this.#address, context);
      }
    };
    const end = async (how: () => Promise<boolean>) => {
      try {
        return await translated(how);
      } finally {
        void session.giveBack();
      }
    };
    try {
      const level = isolation.replace("-", " ").toUpperCase();
      await translated(() => session.begin(` ISOLATION LEVEL ${level} READ ${readOnly ? "ONLY" : "WRITE"}`));
    } catch (error) {
      void session.giveBack();
      throw error;
    }
    return {
      isolation,
      query: (statement, outlet) => translated(() => this.#query(session, sessions, { statement, outlet, context })),
      execute: (statement) => translated(() => session.execute(statement, context)),
      async commit() {
        if (!(await end(() => session.commit()))) throw commitOfFailed();
      },
      async rollback() {
        await end(async () => {
          await session.rollback().catch(() => {});
          return true;
        });
      },
    };
  }

  #query(
    session: SqlSession,
    sessions: SqlSessions,
    { statement, outlet, context }: { statement: SqlStatement; outlet: RowOutlet; context: CallContext },
  ): Promise<void> {
    const names = this.#typeNames.get(sessions) ?? new TypeNames(sessions);
    this.#typeNames.set(sessions, names);
    return session.query(statement, outlet, context, (oids) => names.of(oids, context));
  }
}
