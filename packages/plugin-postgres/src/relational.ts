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
import { DrivenTransaction } from "./driven-transaction.js";
import { translateSqlError } from "./sql-errors.js";
import type { SqlSessions } from "./sql-sessions.js";

/** What a transaction has that names none: every session is set to it. */
const defaultIsolation: Isolation = "read-committed";

/** SQL in one namespace, which is a database of its own. Each call has a connection of its own, as its role, while it lasts. */
export class PostgresRelational implements Relational {
  readonly #sessions: () => Promise<SqlSessions>;
  readonly #address: string;

  /** `sessions`: those of the namespace, whose database may have to be made first. */
  constructor(address: string, sessions: () => Promise<SqlSessions>) {
    this.#address = address;
    this.#sessions = sessions;
  }

  async query(statement: SqlStatement, outlet: RowOutlet, context: CallContext): Promise<void> {
    const sessions = await this.#sessions();
    await sessions.use(context, (session) => session.query(statement, outlet, context));
  }

  async execute(statement: SqlStatement, context: CallContext): Promise<number> {
    const sessions = await this.#sessions();
    return sessions.use(context, (session) => session.execute(statement, context));
  }

  async executeBatch(statements: readonly SqlStatement[], context: CallContext): Promise<readonly number[]> {
    const sessions = await this.#sessions();
    return sessions.use(context, async (session) => {
      await session.begin("batch");
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

  async begin(request: BeginRequest, context: CallContext): Promise<SqlTransaction> {
    const { isolation = defaultIsolation } = request;
    const sessions = await this.#sessions();
    const session = await sessions.take(context);
    const transaction = new DrivenTransaction({ session, isolation, context, address: this.#address });
    await transaction.begin(request);
    return transaction;
  }
}
