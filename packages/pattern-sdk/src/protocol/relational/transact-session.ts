import type { StreamingServerCall } from "@prism-data/transport";
import type { CallContext } from "../../call-context.js";
import { GatewayError } from "../../errors.js";
import type { SqlTransaction } from "../../patterns/relational/relational.js";
import * as wire from "../gen/prism/relational/v1/relational.js";
import { decodeMessage, encodeMessage } from "../message.js";
import { checkSameNamespace } from "../pattern/bound-namespace.js";
import { invalidField } from "../pattern/checked-fields.js";
import type { Status } from "../rpc.js";
import type { AppPace } from "./app-pace.js";
import { wireIsolation } from "./checked-begin.js";
import { checkedStatement } from "./checked-statements.js";
import { batchRowsDefault } from "./relational-bounds.js";
import type { BoundRelational } from "./relational-method.js";
import { RowSender } from "./row-sender.js";
import { executed } from "./statement-methods.js";

type Event = NonNullable<wire.TransactResponse["event"]>;
type Action = NonNullable<wire.TransactRequest["action"]>;

export interface TransactSessionOptions {
  readonly call: StreamingServerCall;
  readonly bound: BoundRelational;
  readonly transaction: SqlTransaction;
  readonly context: CallContext;
  readonly pace: AppPace;
  readonly statusOf: (error: unknown) => Status;
}

/** One transaction that an app drives, from its beginning to its end: a request at a time, answered in their order. */
export class TransactSession {
  readonly #options: TransactSessionOptions;
  readonly #requests: AsyncIterator<Uint8Array>;
  #isOver = false;

  constructor(options: TransactSessionOptions) {
    this.#options = options;
    this.#requests = options.call.messages()[Symbol.asyncIterator]();
  }

  /** Whether the transaction was committed or rolled back. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Serves the app until it commits, rolls back or ends its side. Rejects with what ended the transaction otherwise. */
  async run(): Promise<void> {
    const { transaction, pace } = this.#options;
    await this.#send({ $case: "begun", value: { isolation: wireIsolation(transaction.isolation) } });
    for (;;) {
      const { done, value } = await pace.within(this.#requests.next());
      const action: Action = done ? { $case: "rollback", value: {} } : this.#checkedAction(value);
      if (action.$case === "commit") return this.#commit();
      if (action.$case === "rollback") return this.#rollback();
      await this.#attempt(action);
    }
  }

  async #commit(): Promise<void> {
    await this.#options.transaction.commit();
    this.#isOver = true;
    await this.#send({ $case: "committed", value: {} });
  }

  async #rollback(): Promise<void> {
    await this.#options.transaction.rollback();
    this.#isOver = true;
    await this.#send({ $case: "rolledBack", value: {} });
  }

  /** A statement that the data system refuses is an answer; whatever else goes wrong ends the transaction. */
  async #attempt(action: Action): Promise<void> {
    try {
      await this.#step(action);
    } catch (error) {
      if (!(error instanceof GatewayError) || error.reason !== "SQL_FAILED") throw error;
      await this.#send({ $case: "failed", value: this.#options.statusOf(error) });
    }
  }

  #step(action: Action): Promise<void> {
    switch (action.$case) {
      case "query":
        return this.#query(action.value);
      case "execute":
        return this.#execute(action.value);
      default:
        throw invalidField(action.$case, "is allowed in the first request of the stream only");
    }
  }

  async #query(wireStatement: wire.Statement): Promise<void> {
    const { bound, transaction, context } = this.#options;
    const statement = checkedStatement(bound, wireStatement, "query");
    const sender = new RowSender({
      batchRows: batchRowsDefault,
      send: (rows) => this.#send({ $case: "rows", value: rows }),
    });
    await transaction.query(statement, sender, context);
    await sender.end();
  }

  async #execute(wireStatement: wire.Statement): Promise<void> {
    const { bound, transaction, context } = this.#options;
    const statement = checkedStatement(bound, wireStatement, "execute");
    const rowsAffected = await transaction.execute(statement, context);
    await this.#send({ $case: "executed", value: executed(rowsAffected) });
  }

  #checkedAction(message: Uint8Array): Action {
    const request = decodeMessage(wire.TransactRequest, message, "prism.relational.v1.TransactRequest");
    checkSameNamespace(this.#options.bound, request.namespace);
    if (request.action !== undefined) return request.action;
    throw invalidField("action", "is required: give query, execute, commit or rollback");
  }

  async #send(event: Event): Promise<void> {
    const { call, pace } = this.#options;
    if (!call.write(encodeMessage(wire.TransactResponse, { event }))) await pace.within(call.writable());
  }
}
