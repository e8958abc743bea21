import type { StatementSync } from "node:sqlite";
import type {
  ConnectionAnswers,
  ConnectionRequest,
  ConnectionResponse,
  ReadSize,
  ResultPart,
  StoredStatement,
  StoredValue,
} from "../connection-messages.js";
import { ConnectionFile } from "./connection-file.js";
import { ResultCursor } from "./result-cursor.js";
import { AtStatement, failureOf, SqlFailure } from "./sql-failure.js";
import type { PreparedStatement } from "./statement-cache.js";

type OpenRequest = Extract<ConnectionRequest, { readonly kind: "open" }>;
type QueryRequest = Omit<Extract<ConnectionRequest, { readonly kind: "query" }>, "kind">;

/** Serves the requests of one connection, one after the other. A statement runs to its end before the next request is looked at. */
export class ConnectionSession {
  #opened: { readonly request: OpenRequest; readonly file: ConnectionFile } | undefined;
  #cursor: ResultCursor | undefined;

  serve(request: ConnectionRequest): ConnectionResponse {
    try {
      return { ok: true, answer: this.#answer(request) };
    } catch (error) {
      return { ok: false, failure: failureOf(error, this.#opened?.file.rules.denied) };
    }
  }

  #answer(request: ConnectionRequest): ConnectionAnswers[keyof ConnectionAnswers] {
    switch (request.kind) {
      case "open":
        return this.#open(request);
      case "close":
        return this.#close();
      case "begin":
        return this.#begin(request.readOnly);
      case "query":
        return request.own ? this.#queryAlone(request) : this.#query(request);
      case "fetch":
        return request.own ? this.#orRollback(() => this.#read(request)) : this.#read(request);
      case "execute":
        return request.own
          ? this.#alone(() => this.#execute(request.statement, true))
          : this.#execute(request.statement, false);
      case "batch":
        return this.#alone(() => this.#executeAll(request.statements));
      case "commit":
        return this.#commit();
      case "rollback":
        return this.#rollback();
    }
  }

  get #file(): ConnectionFile {
    if (this.#opened === undefined) throw new Error("The connection has no file.");
    return this.#opened.file;
  }

  #open(request: OpenRequest): null {
    this.#close();
    this.#opened = { request, file: new ConnectionFile(request.path, request.maxBytes) };
    return null;
  }

  #close(): null {
    this.#opened?.file.close();
    this.#opened = undefined;
    return null;
  }

  #begin(readOnly: boolean): null {
    this.#file.requireInPlace();
    this.#file.run(`PRAGMA query_only = ${readOnly ? "ON" : "OFF"}`);
    this.#file.run("BEGIN");
    return null;
  }

  #commit(): null {
    this.#requireTransaction();
    this.#file.run("COMMIT");
    this.#settle();
    return null;
  }

  /** Ends whatever is open. */
  #rollback(): null {
    this.#cursor?.close();
    this.#cursor = undefined;
    if (this.#file.db.isTransaction) this.#file.run("ROLLBACK");
    this.#settle();
    return null;
  }

  #queryAlone({ statement, size }: Omit<QueryRequest, "own">): ConnectionAnswers["query"] {
    return this.#orRollback(() => {
      this.#begin(false);
      return this.#query({ statement, size, own: true });
    });
  }

  #query({ statement, size, own }: QueryRequest): ConnectionAnswers["query"] {
    this.#requireTransaction();
    const { columns } = this.#asApp(own, () => {
      const prepared = this.#prepared(statement);
      this.#cursor = cursorOf(prepared, statement.parameters);
      return prepared;
    });
    return { columns, ...this.#read({ size, own }) };
  }

  /** Reads on; the end of a query that is a transaction by itself commits it. */
  #read({ size, own }: { readonly size: ReadSize; readonly own: boolean }): ResultPart {
    const part = this.#asApp(own, () => this.#cursor!.read(size));
    if (!part.done) return part;
    this.#cursor = undefined;
    if (own) this.#commit();
    return part;
  }

  /** Runs something as a transaction by itself. */
  #alone<T>(run: () => T): T {
    return this.#orRollback(() => {
      this.#begin(false);
      const result = run();
      this.#commit();
      return result;
    });
  }

  #executeAll(statements: readonly StoredStatement[]): number[] {
    return statements.map((statement, index) => {
      try {
        return this.#execute(statement, true);
      } catch (error) {
        throw new AtStatement(index, error);
      }
    });
  }

  #execute(statement: StoredStatement, own: boolean): number {
    this.#requireTransaction();
    return this.#file.countingChanges(() =>
      this.#asApp(own, () => {
        const prepared = this.#prepared(statement);
        // Rows are made to the last one: an error may stand behind the first.
        cursorOf(prepared, statement.parameters).readToEnd();
      }),
    );
  }

  #prepared({ sql, parameters }: StoredStatement): PreparedStatement {
    const prepared = this.#file.statements.prepare(sql);
    if (prepared.parameters === parameters.length) return prepared;
    throw new SqlFailure(
      "SQLITE_RANGE",
      `the statement has ${prepared.parameters} parameters, but ${parameters.length} values were given`,
    );
  }

  #asApp<T>(own: boolean, run: () => T): T {
    return this.#file.rules.asApp({ ownTransaction: own }, run);
  }

  /** SQLite ends a transaction by itself when it has to, or when a statement says so. */
  #requireTransaction(): void {
    if (this.#file.db.isTransaction) return;
    throw new SqlFailure(
      "SQLITE_ABORT_ROLLBACK",
      "an earlier statement has rolled the transaction back; begin it anew",
    );
  }

  #orRollback<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      this.#rollback();
      throw error;
    }
  }

  /** Temporary tables must not outlive the transaction: the next one may be anybody's. */
  #settle(): void {
    const { file, request } = this.#opened!;
    if (file.rules.madeTemporary) this.#open(request);
  }
}

function cursorOf({ statement }: PreparedStatement, parameters: readonly StoredValue[]): ResultCursor {
  const rows = statement.iterate(...(parameters as Parameters<StatementSync["iterate"]>));
  return new ResultCursor(rows as unknown as Iterator<StoredValue[]>);
}
