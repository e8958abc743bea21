import { relational } from "@prism-data/pattern-sdk/protocol";
import { methodsOf, type ProxyConnection } from "../../proxy-connection.js";

const method = methodsOf("prism.relational.v1.RelationalService");
const query = method("Query", relational.QueryRequest, relational.QueryResponse);
const execute = method("Execute", relational.ExecuteRequest, relational.ExecuteResponse);

/** The relational calls on one namespace. */
export class RelationalClient {
  readonly #connection: ProxyConnection;
  readonly #namespace: string;

  constructor(connection: ProxyConnection, namespace: string) {
    this.#connection = connection;
    this.#namespace = namespace;
  }

  /** The statement is stopped when `timeoutMs` have passed, or when the loop is left. */
  query(statement: relational.Statement, timeoutMs: number): AsyncGenerator<relational.QueryResponse, void, undefined> {
    const request = { namespace: this.#namespace, statement, batchRows: 0 };
    return this.#connection.serverStream(query, request, this.#tried("query"), { timeoutMs });
  }

  execute(statement: relational.Statement): Promise<relational.ExecuteResponse> {
    return this.#connection.unary(execute, { namespace: this.#namespace, statement }, this.#tried("run SQL in"));
  }

  #tried(verb: string): string {
    return `${verb} ${JSON.stringify(this.#namespace)}`;
  }
}
