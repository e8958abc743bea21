import assert from "node:assert/strict";
import { type ClientCall, GrpcError } from "@prism-data/transport";
import * as wire from "../../protocol/gen/prism/relational/v1/relational.js";
import { decodeMessage, encodeMessage } from "../../protocol/message.js";
import { gatewayErrorOf } from "../../protocol/status.js";
import { durationFromMs } from "../../protocol/wire-time.js";
import { failureInStatus } from "../failure-in-status.js";
import type { RelationalClient } from "./relational-client.js";
import { type Parameter, plainValue, type Table } from "./sql-values.js";

export interface BeginOptions {
  readonly isolation?: wire.Isolation;
  readonly readOnly?: boolean;
  readonly idleTimeoutMs?: number;
}

type Action = NonNullable<wire.TransactRequest["action"]>;
export type TransactEvent = NonNullable<wire.TransactResponse["event"]>;
type EventOf<Case extends TransactEvent["$case"]> = Extract<TransactEvent, { readonly $case: Case }>;

/** A transaction on the wire, a step at a time. A refused statement rejects with the `GatewayError` that it was answered with. */
export class SqlTransactionClient {
  readonly #client: RelationalClient;
  readonly #call: ClientCall;
  readonly #responses: AsyncIterator<Uint8Array>;

  constructor(client: RelationalClient, call: ClientCall) {
    this.#client = client;
    this.#call = call;
    this.#responses = call.messages()[Symbol.asyncIterator]();
  }

  /** Returns the isolation that the transaction has. */
  async begin({ isolation = 0, readOnly = false, idleTimeoutMs }: BeginOptions = {}): Promise<wire.Isolation> {
    const idleTimeout = idleTimeoutMs === undefined ? undefined : durationFromMs(idleTimeoutMs);
    this.send({ $case: "begin", value: { isolation, readOnly, idleTimeout } }, this.#client.namespace);
    return (await this.#answer("begun")).isolation;
  }

  async execute(sql: string, parameters: readonly Parameter[] = []): Promise<number> {
    this.send({ $case: "execute", value: await this.#client.statement(sql, parameters) });
    return Number((await this.#answer("executed")).rowsAffected);
  }

  async query(sql: string, parameters: readonly Parameter[] = []): Promise<Table> {
    this.send({ $case: "query", value: await this.#client.statement(sql, parameters) });
    const batches = [await this.#answer("rows")];
    while (!batches.at(-1)!.last) batches.push(await this.#answer("rows"));
    const later = batches.slice(1).filter(({ columns }) => columns.length > 0);
    assert.deepEqual(later, [], "columns come with the first rows only");
    const rows = batches.flatMap((batch) => batch.rows.map(({ values }) => values.map(plainValue)));
    return { columns: batches[0]!.columns, rows };
  }

  async rows(sql: string, parameters: readonly Parameter[] = []): Promise<Table["rows"]> {
    return (await this.query(sql, parameters)).rows;
  }

  /** Commits; resolves when the stream has ended with OK. */
  async commit(): Promise<void> {
    this.send({ $case: "commit", value: {} });
    await this.#answer("committed");
    await this.ended();
  }

  /** Rolls back; resolves when the stream has ended with OK. */
  async rollback(): Promise<void> {
    this.send({ $case: "rollback", value: {} });
    await this.#answer("rolledBack");
    await this.ended();
  }

  /** Ends this side without a commit. */
  halfClose(): void {
    this.#call.end();
  }

  cancel(): void {
    this.#call.cancel();
  }

  /** Sends a request as it stands, valid or not. */
  send(action: Action | undefined, namespace = ""): void {
    this.#call.write(encodeMessage(wire.TransactRequest, { namespace, action }));
  }

  /** The next event. `undefined`: the stream has ended with OK. Rejects with the `GatewayError` that it ended with. */
  async event(): Promise<TransactEvent | undefined> {
    try {
      const { done, value } = await this.#responses.next();
      if (done) return undefined;
      const { event } = decodeMessage(wire.TransactResponse, value, "TransactResponse");
      assert.ok(event !== undefined, "a response has an event");
      return event;
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  /** Waits for the end of the stream; no event may come before it. */
  async ended(): Promise<void> {
    assert.equal(await this.event(), undefined, "nothing comes after the end of a transaction");
  }

  async #answer<Case extends TransactEvent["$case"]>(expected: Case): Promise<EventOf<Case>["value"]> {
    const event = await this.event();
    if (event?.$case === "failed") throw failureInStatus(event.value);
    assert.equal(event?.$case, expected, "the event that answers the request");
    return (event as EventOf<Case>).value as EventOf<Case>["value"];
  }
}
