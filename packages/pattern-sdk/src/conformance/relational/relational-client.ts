import { type CallOptions, GrpcError } from "@prism-data/transport";
import { relationalKind } from "../../patterns/relational/relational-kind.js";
import * as wire from "../../protocol/gen/prism/relational/v1/relational.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { type Connection, PatternClient } from "../pattern-client.js";
import type { Placeholders } from "./placeholders.js";
import { type BeginOptions, SqlTransactionClient } from "./sql-transaction-client.js";
import { type Parameter, plainValue, type Table, wireParameter } from "./sql-values.js";

export interface QueryOptions extends CallOptions {
  readonly batchRows?: number;
}

/** One statement of a batch. */
export type BatchStatement = readonly [sql: string, ...parameters: Parameter[]];

/** The relational service of one namespace. Parameters in statements are written ?1, whatever the data system. */
export class RelationalClient extends PatternClient {
  readonly #placeholders: Placeholders;

  constructor(connection: Connection, namespace: string, placeholders: Placeholders) {
    super(relationalKind, connection, namespace);
    this.#placeholders = placeholders;
  }

  /** Runs a statement and returns how many rows it changed. */
  async execute(sql: string, parameters: readonly Parameter[] = [], options: CallOptions = {}): Promise<number> {
    const request = { namespace: this.namespace, statement: await this.statement(sql, parameters) };
    return Number(
      (await this.call("Execute", wire.ExecuteRequest, wire.ExecuteResponse, request, options)).rowsAffected,
    );
  }

  async executeBatch(statements: readonly BatchStatement[], options: CallOptions = {}): Promise<number[]> {
    const wireStatements = await Promise.all(statements.map(([sql, ...parameters]) => this.statement(sql, parameters)));
    const request = { namespace: this.namespace, statements: wireStatements };
    const { results } = await this.call(
      "ExecuteBatch",
      wire.ExecuteBatchRequest,
      wire.ExecuteBatchResponse,
      request,
      options,
    );
    return results.map(({ rowsAffected }) => Number(rowsAffected));
  }

  /** All rows of a statement. */
  async query(sql: string, parameters: readonly Parameter[] = [], options: QueryOptions = {}): Promise<Table> {
    const responses: wire.QueryResponse[] = [];
    for await (const response of this.responses(sql, parameters, options)) responses.push(response);
    const rows = responses.flatMap((response) => response.rows.map(({ values }) => values.map(plainValue)));
    return { columns: responses[0]?.columns ?? [], rows };
  }

  /** The rows of a statement without its columns. */
  async rows(sql: string, parameters: readonly Parameter[] = [], options: QueryOptions = {}): Promise<Table["rows"]> {
    return (await this.query(sql, parameters, options)).rows;
  }

  /** The responses of a query as they are read; leaving the loop cancels it. */
  async *responses(
    sql: string,
    parameters: readonly Parameter[] = [],
    { batchRows = 0, ...options }: QueryOptions = {},
  ): AsyncGenerator<wire.QueryResponse, void, void> {
    const statement = await this.statement(sql, parameters);
    yield* this.queryWith({ namespace: this.namespace, statement, batchRows }, options);
  }

  /** The responses to a request as it stands, valid or not. */
  async *queryWith(request: wire.QueryRequest, options: CallOptions = {}): AsyncGenerator<wire.QueryResponse> {
    const call = this.stream("Query", options);
    try {
      call.write(encodeMessage(wire.QueryRequest, request));
      call.end();
      for await (const message of call.messages()) yield decodeMessage(wire.QueryResponse, message, "QueryResponse");
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    } finally {
      call.cancel();
    }
  }

  /** Begins a transaction; resolves when it has begun. */
  async begin(options: BeginOptions & CallOptions = {}): Promise<SqlTransactionClient> {
    const transaction = this.openTransaction(options);
    await transaction.begin(options);
    return transaction;
  }

  /** A stream that no transaction has begun on yet. */
  openTransaction(options: CallOptions = {}): SqlTransactionClient {
    return new SqlTransactionClient(this, this.stream("Transact", options));
  }

  async statement(sql: string, parameters: readonly Parameter[] = []): Promise<wire.Statement> {
    return {
      sql: await this.#placeholders.translate(sql, (tried) => this.#isTaken(tried)),
      parameters: parameters.map(wireParameter),
    };
  }

  async #isTaken(sql: string): Promise<boolean> {
    const statement = { sql, parameters: [wireParameter("tried")] };
    try {
      for await (const _ of this.queryWith({ namespace: this.namespace, statement, batchRows: 0 }));
      return true;
    } catch {
      return false;
    }
  }
}
