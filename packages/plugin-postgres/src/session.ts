import { setTimeout as delay } from "node:timers/promises";
import type { GatewayError } from "@prism-data/pattern-sdk";
import { Client, type QueryResultRow } from "pg";
import { isSilence, isStandby, linkDown, translateLinkError } from "./errors.js";
import { channelOf } from "./schema/channel.js";
import { makeSchema } from "./schema/make-schema.js";
import type { ServerAccess } from "./server-access.js";
import { type Parameter, runOn, type Statement } from "./statement.js";

/** How often the server is asked for a sign of life: an outage, a standby or a dead connection is noticed while no call comes. */
const heartbeatMs = 1_000;

/**
 * After so many heartbeats that it missed, the server ends the session: a client that vanished without a word would keep its locks for
 * hours. Longer than this process is ever busy.
 */
const missedHeartbeatsMax = 5;

/** The first pause before reconnecting; it doubles up to `reconnectMsMax`. */
const reconnectMsMin = 20;

/** Calls are to work within 2 s of the server's return, so no pause may be much of that. */
const reconnectMsMax = 500;

const heartbeat: Statement = { name: "heartbeat", text: "SELECT pg_is_in_recovery() AS standby" };

/** What a session tells of itself. */
export interface SessionEvents {
  /** It is there: the tables are, and notifications come from now on. */
  up(): void;
  /** It was lost, or the attempt to make it failed. */
  down(error: GatewayError, why: { readonly stalled: boolean }): void;
  notified(payload: string): void;
  /** The server has answered again, about once a second. */
  beat(): void;
}

type SessionState = { readonly kind: "up"; readonly client: Client } | { readonly kind: "down" | "closed" };

/**
 * The one connection that lasts: it makes the tables, listens for notifications, holds the locks that last, and shows whether the
 * server is there. It is made anew as long as it is not closed.
 */
export class Session {
  readonly #access: ServerAccess;
  readonly #events: SessionEvents;
  readonly #closing = new AbortController();
  readonly #ended: Promise<void>;
  #state: SessionState = { kind: "down" };

  constructor(access: ServerAccess, events: SessionEvents) {
    this.#access = access;
    this.#events = events;
    this.#ended = this.#keep();
  }

  /**
   * Runs a statement on this very connection, such as one that takes a lock that lasts as long as the connection does. Throws
   * `GatewayError`.
   */
  async run<Row extends QueryResultRow>(statement: Statement, values: readonly Parameter[]): Promise<readonly Row[]> {
    if (this.#state.kind !== "up") throw linkDown(this.#access.address, undefined);
    try {
      return (await runOn<Row>(this.#state.client, statement, values, this.#access.statementTimeoutMs)).rows;
    } catch (error) {
      throw translateLinkError(error, this.#access.address);
    }
  }

  /** Makes the tables again when somebody has removed all of them. Throws `GatewayError`. */
  async makeTables(): Promise<void> {
    if (this.#state.kind !== "up") throw linkDown(this.#access.address, undefined);
    try {
      await makeSchema(this.#state.client, this.#access.schema);
    } catch (error) {
      throw translateLinkError(error, this.#access.address);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#ended;
  }

  async #keep(): Promise<void> {
    let pauseMs = reconnectMsMin;
    while (!this.#closing.signal.aborted) {
      const error = await this.#once(() => {
        pauseMs = reconnectMsMin;
      });
      if (this.#closing.signal.aborted) break;
      this.#events.down(translateLinkError(error, this.#access.address), { stalled: isSilence(error) });
      await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, reconnectMsMax);
    }
    this.#state = { kind: "closed" };
  }

  /** Keeps one connection for as long as it lasts. Returns what ended it. */
  async #once(onUp: () => void): Promise<unknown> {
    const { schema, statementTimeoutMs } = this.#access;
    const settings = {
      search_path: schema,
      statement_timeout: statementTimeoutMs,
      idle_session_timeout: missedHeartbeatsMax * heartbeatMs,
    };
    const client = new Client({ ...this.#access.clientConfig(settings), pipeline: true });
    const lost = lossOf(client);
    client.on("notification", ({ payload }) => this.#events.notified(payload ?? ""));
    try {
      await Promise.race([this.#open(client), lost]);
      this.#state = { kind: "up", client };
      onUp();
      this.#events.up();
      await Promise.race([this.#beat(client), lost]);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      if (this.#state.kind === "up") this.#state = { kind: "down" };
      client.connection.stream.destroy();
    }
  }

  async #open(client: Client): Promise<void> {
    await client.connect();
    await this.#ask(client);
    await makeSchema(client, this.#access.schema);
    await client.query(`LISTEN "${channelOf(this.#access.schema)}"`);
  }

  async #beat(client: Client): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await delay(heartbeatMs, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#ask(client);
      this.#events.beat();
    }
  }

  async #ask(client: Client): Promise<void> {
    const { rows } = await runOn<{ standby: boolean }>(client, heartbeat, [], this.#access.connectTimeoutMs);
    if (rows[0]?.standby) throw isStandby(this.#access.address);
  }
}

/** Rejects when the connection ends. */
function lossOf(client: Client): Promise<never> {
  const lost = Promise.withResolvers<never>();
  // It is awaited for as long as the connection is used, and of no interest after that.
  lost.promise.catch(() => {});
  client.on("error", lost.reject);
  client.on("end", () => lost.reject(new Error("the connection was closed")));
  return lost.promise;
}
