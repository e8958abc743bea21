import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { type ControlStateError, stateClosed } from "../errors.js";
import type { PostgresLocation } from "../location.js";
import { isSilence, notConnected, overloaded, translateError } from "./postgres-errors.js";
import { channelOf, makeSchema } from "./postgres-schema.js";
import { clientConfigOf, placeOf } from "./server-access.js";

/** How often the server is asked: for a sign of life, and for changes, should a notification ever get lost. */
const heartbeatMs = 1_000;

/** The first pause before reconnecting; it doubles up to `reconnectMsMax`. */
const reconnectMsMin = 20;

/** A server that is back is to be noticed within 2 s. */
const reconnectMsMax = 500;

/** The pause when an operator has to change something first. */
const invalidPauseMs = 5_000;

/** What waits beyond this would wait for seconds. */
const waitingMax = 1_000;

/** What a session tells of itself. */
export interface SessionEvents {
  /** Another process has written. */
  notified(revision: string): void;
  /** It was lost, or the attempt to make it failed. */
  down(error: ControlStateError): void;
  /** Asks the server how it is: at first and then with every heartbeat. */
  ask(client: Client): Promise<void>;
}

type SessionState =
  | { readonly kind: "up"; readonly client: Client }
  | { readonly kind: "down"; readonly error: ControlStateError }
  | { readonly kind: "closed" };

/**
 * The one connection to the server: it makes the tables, listens, and carries all reads and writes, one after the other. It is made anew
 * as long as it is not closed.
 */
export class Session {
  readonly #location: PostgresLocation;
  readonly #place: string;
  readonly #events: SessionEvents;
  readonly #closing = new AbortController();
  readonly #firstOutcome = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #state: SessionState;
  #turn: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(location: PostgresLocation, events: SessionEvents) {
    this.#location = location;
    this.#place = placeOf(location);
    this.#events = events;
    this.#state = { kind: "down", error: notConnected(this.#place) };
    this.#ended = this.#keep();
  }

  /** Settles when the first attempt to connect has succeeded or failed. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** Does something with the connection to itself. Throws `ControlStateError`. */
  async run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (this.#waiting >= waitingMax) throw overloaded(this.#place);
    this.#waiting++;
    const turn = this.#turn.then(() => this.#run(work));
    this.#turn = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  /** Ends it when what was begun is done. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#turn;
    await this.#ended;
  }

  async #run<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (this.#state.kind === "closed") throw stateClosed(this.#place);
    if (this.#state.kind === "down") throw this.#state.error;
    const { client } = this.#state;
    try {
      return await work(client);
    } catch (error) {
      if (isSilence(error)) client.connection.stream.destroy();
      throw translateError(error, this.#place);
    }
  }

  async #keep(): Promise<void> {
    let pauseMs = reconnectMsMin;
    while (!this.#closing.signal.aborted) {
      const ended = await this.#once(() => {
        pauseMs = reconnectMsMin;
      });
      if (this.#closing.signal.aborted) break;
      const error = translateError(ended, this.#place);
      this.#state = { kind: "down", error };
      this.#events.down(error);
      this.#firstOutcome.resolve();
      await this.#pause(error.reason === "invalid" ? invalidPauseMs : pauseMs);
      pauseMs = Math.min(pauseMs * 2, reconnectMsMax);
    }
    this.#state = { kind: "closed" };
    this.#firstOutcome.resolve();
  }

  /** Keeps one connection for as long as it lasts. Returns what ended it. */
  async #once(onUp: () => void): Promise<unknown> {
    try {
      return await this.#use(new Client(clientConfigOf(this.#location)), onUp);
    } catch (error) {
      return error;
    }
  }

  /** Returns when the session is closed, and throws what else ended the connection. */
  async #use(client: Client, onUp: () => void): Promise<void> {
    const lost = lossOf(client);
    client.on("notification", ({ payload = "" }) => this.#events.notified(payload));
    try {
      await Promise.race([this.#open(client), lost]);
      this.#state = { kind: "up", client };
      onUp();
      this.#firstOutcome.resolve();
      await Promise.race([this.#beat(), lost]);
      await this.#turn;
    } finally {
      client.connection.stream.destroy();
    }
  }

  async #open(client: Client): Promise<void> {
    const { schema } = this.#location;
    await client.connect();
    await makeSchema(client, { schema, place: this.#place });
    await client.query(`LISTEN "${channelOf(schema)}"`);
    await this.#events.ask(client);
  }

  /** Returns when the session is closed. */
  async #beat(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#pause(heartbeatMs);
      if (!this.#closing.signal.aborted) await this.run((client) => this.#events.ask(client));
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => {});
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
