import type { ClientDuplexStream, ClientReadableStream } from "@grpc/grpc-js";
import { GrpcClient } from "./grpc-client.ts";

/** A value of a row or parameter, as the proto file has it: one field, named by the kind. */
export type SqlValue = Readonly<Record<string, unknown>>;

interface WireRow {
  readonly values: readonly (SqlValue & { readonly kind: string })[];
}

interface RowsAnswer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly WireRow[];
}

/** What comes back on a transaction's stream. */
export interface TransactAnswer {
  readonly event: string;
  readonly begun?: { readonly isolation: string };
  readonly rows?: RowsAnswer & { readonly last: boolean };
  readonly executed?: { readonly rowsAffected: number };
  readonly failed?: { readonly message: string };
}

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 30_000;

/** One app of one relational namespace, on a connection of its own. */
export class RelationalClient implements Disposable {
  readonly namespace: string;
  readonly #client: GrpcClient;

  constructor(address: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new GrpcClient(address, "prism.relational.v1.RelationalService");
  }

  call<T>(method: string, request: object, timeoutMs = defaultTimeoutMs): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, timeoutMs);
  }

  async execute(sql: string, parameters: readonly SqlValue[] = [], timeoutMs = defaultTimeoutMs): Promise<number> {
    const request = { statement: { sql, parameters } };
    return (await this.call<{ rowsAffected: number }>("Execute", request, timeoutMs)).rowsAffected;
  }

  async executeBatch(...statements: readonly string[]): Promise<number[]> {
    const request = { statements: statements.map((sql) => ({ sql })) };
    const { results } = await this.call<{ results: { rowsAffected: number }[] }>("ExecuteBatch", request);
    return results.map(({ rowsAffected }) => rowsAffected);
  }

  /** All rows of a statement, each value as `kind:text`. */
  async rows(sql: string, parameters: readonly SqlValue[] = [], timeoutMs = defaultTimeoutMs): Promise<string[][]> {
    const rows: string[][] = [];
    for await (const answer of this.query(sql, parameters, timeoutMs)) rows.push(...answer.rows.map(textsOf));
    return rows;
  }

  query(
    sql: string,
    parameters: readonly SqlValue[] = [],
    timeoutMs = defaultTimeoutMs,
  ): ClientReadableStream<RowsAnswer> {
    const request = { namespace: this.namespace, statement: { sql, parameters } };
    return this.#client.serverStream("Query", request, timeoutMs);
  }

  /** Begins a transaction; returns when it has begun. */
  async begin(options: object = {}, timeoutMs = defaultTimeoutMs): Promise<Transaction> {
    const transaction = this.openTransaction(timeoutMs);
    transaction.send({ namespace: this.namespace, begin: options });
    await transaction.answer();
    return transaction;
  }

  /** A stream that nothing was said on yet. */
  openTransaction(timeoutMs = defaultTimeoutMs): Transaction {
    return new Transaction(this.#client.bidiStream("Transact", timeoutMs));
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** A transaction, a request and its answer at a time. */
export class Transaction {
  readonly #stream: ClientDuplexStream<object, TransactAnswer>;
  readonly #answers: AsyncIterator<TransactAnswer>;

  constructor(stream: ClientDuplexStream<object, TransactAnswer>) {
    this.#stream = stream;
    this.#answers = stream[Symbol.asyncIterator]();
  }

  send(request: object): void {
    this.#stream.write(request);
  }

  /** The next answer; `undefined`: the stream has ended well. */
  async answer(): Promise<TransactAnswer | undefined> {
    const { done, value } = await this.#answers.next();
    return done ? undefined : value;
  }

  /** Runs a statement, and returns how many rows it changed. */
  async execute(sql: string, parameters: readonly SqlValue[] = []): Promise<number> {
    this.send({ execute: { sql, parameters } });
    const answer = await this.answer();
    if (answer?.executed === undefined) throw new Error(`not executed: ${JSON.stringify(answer)}`);
    return answer.executed.rowsAffected;
  }

  async rows(sql: string, parameters: readonly SqlValue[] = []): Promise<string[][]> {
    this.send({ query: { sql, parameters } });
    const rows: string[][] = [];
    for (;;) {
      const answer = await this.answer();
      if (answer?.rows === undefined) throw new Error(`no rows: ${JSON.stringify(answer)}`);
      rows.push(...answer.rows.rows.map(textsOf));
      if (answer.rows.last) return rows;
    }
  }

  /** Commits; returns when the stream has ended well. */
  async commit(): Promise<void> {
    await this.#end({ commit: {} }, "committed");
  }

  /** Rolls back; returns when the stream has ended well. */
  async rollback(): Promise<void> {
    await this.#end({ rollback: {} }, "rolledBack");
  }

  cancel(): void {
    // grpc-js reports what the app did itself as an error of the stream.
    this.#stream.on("error", () => {});
    this.#stream.cancel();
  }

  async #end(request: object, event: string): Promise<void> {
    this.send(request);
    const answers = [await this.answer(), await this.answer()].map((answer) => answer?.event);
    if (answers[0] !== event || answers[1] !== undefined) throw new Error(`not ${event}: ${answers}`);
  }
}

function textsOf({ values }: WireRow): string[] {
  return values.map(({ kind, ...value }) => {
    const one = value[kind];
    const text = Buffer.isBuffer(one)
      ? one.toString("hex")
      : typeof one === "object"
        ? JSON.stringify(one)
        : String(one);
    return kind === "null" ? "null" : `${kind}:${text}`;
  });
}
