import type { BackendHealth, Logger } from "@prism-data/pattern-sdk";
import {
  connect,
  createInbox,
  DebugEvents,
  Events,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
} from "nats";
import { answerLost, notConnected, silent, translateError } from "./errors.js";

/** The pause between two attempts to connect: calls are to work within 2 s of the server's return. */
const reconnectPauseMs = 250;

/** How often the server is asked whether it is there, and how many answers may be missing: a stalled connection is noticed in 3 s. */
const pingIntervalMs = 1_000;
const pingsUnansweredMax = 2;

/**
 * How long one answer may take while the connection is alive: a server that syncs every message to a busy disk is slow, and a connection
 * that is not alive is noticed by its pings.
 */
const answerTimeoutMs = 10_000;

/** How to reach the server. */
export interface ConnectionOptions {
  readonly url: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly token: string | undefined;
  readonly connectTimeoutMs: number;
  /** How long the server may stay silent while calls wait, in ms. */
  readonly silenceTimeoutMs: number;
  /** The connection's name on the server. */
  readonly name: string;
  readonly log: Logger;
  readonly reportHealth: (health: BackendHealth) => void;
}

/** What the connection has seen since it was opened. */
export interface ConnectionCounts {
  /** Connections that were made. */
  connections: number;
  /** Connections that were lost, stalled ones among them. */
  losses: number;
  /** Connections on which nothing moved any more. */
  stalls: number;
}

/** The plugin's connection. It fails fast: without a connection nothing is queued. It is renewed until it is closed. */
export class Connection {
  readonly counts: ConnectionCounts = { connections: 0, losses: 0, stalls: 0 };
  readonly address: string;
  readonly #options: ConnectionOptions;
  readonly #firstOutcome = Promise.withResolvers<void>();
  readonly #downListeners = new Set<() => void>();
  readonly #upListeners = new Set<() => void>();
  #nats: NatsConnection | undefined;
  #isUp = false;
  #isClosed = false;
  #flushing: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.address = new URL(options.url).host;
    void this.#open();
  }

  /** Settles when the first attempt to connect has succeeded or failed. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** The driver's connection. Throws `BACKEND_UNAVAILABLE` while there is none. */
  get live(): NatsConnection {
    if (this.#nats === undefined || !this.#isUp) throw notConnected(this.address);
    return this.#nats;
  }

  /**
   * Waits until the server has taken everything that was sent so far. Calls of one turn share a round trip. Throws
   * `GatewayError`.
   */
  flushed(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined;
      return this.#flush();
    });
    return this.#flushing;
  }

  /** Asks, and waits for the one answer. Throws `GatewayError`, also when the connection is lost meanwhile. */
  async request(subject: string, payload: Uint8Array | string, headers?: MsgHdrs): Promise<Msg> {
    const lost = Promise.withResolvers<never>();
    const stopHearing = this.onDown(() => lost.reject(answerLost(this.address)));
    try {
      const answer = this.live.request(subject, payload, {
        timeout: answerTimeoutMs,
        ...(headers === undefined ? {} : { headers }),
      });
      return await Promise.race([answer, lost.promise]);
    } catch (error) {
      throw translateError(error, this.address);
    } finally {
      stopHearing();
    }
  }

  /**
   * Asks, and takes answers until `onAnswer` returns true, or until `signal` is aborted: then those that are on their way still come. Throws
   * `GatewayError`, also when the connection is lost meanwhile.
   */
  async requestMany(
    subject: string,
    payload: string,
    onAnswer: (answer: Msg) => boolean,
    signal?: AbortSignal,
  ): Promise<void> {
    if (signal?.aborted) return;
    const nats = this.live;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const late = () => reject(silent(this.address, answerTimeoutMs));
    let timer: NodeJS.Timeout | undefined;
    const subscription = nats.subscribe(createInbox(), {
      callback: (error, answer) => {
        if (error !== null) return reject(error);
        clearTimeout(timer);
        timer = setTimeout(late, answerTimeoutMs);
        if (onAnswer(answer)) resolve();
      },
    });
    const stopHearing = this.onDown(() => reject(notConnected(this.address)));
    const end = () => void subscription.drain().then(resolve, reject);
    signal?.addEventListener("abort", end, { once: true });
    timer = setTimeout(late, answerTimeoutMs);
    try {
      nats.publish(subject, payload, { reply: subscription.getSubject() });
      await promise;
    } catch (error) {
      throw translateError(error, this.address);
    } finally {
      clearTimeout(timer);
      stopHearing();
      signal?.removeEventListener("abort", end);
      subscription.unsubscribe();
    }
  }

  /** Listens to subjects until the returned function is called, over lost connections too. What is sent meanwhile is missed. */
  listen(subject: string, onMessage: (message: Msg) => void): () => void {
    let subscription = this.#subscribed(subject, onMessage);
    let nats = this.#nats;
    const stopHearing = this.onUp(() => {
      // The driver renews its subscriptions by itself, except when it was begun anew.
      if (nats !== this.#nats) subscription = this.#subscribed(subject, onMessage);
      nats = this.#nats;
    });
    return () => {
      stopHearing();
      subscription.unsubscribe();
    };
  }

  /** Calls `listener` whenever the connection is lost, until the returned function is called. */
  onDown(listener: () => void): () => void {
    return added(this.#downListeners, listener);
  }

  /** Calls `listener` whenever the connection is there again, until the returned function is called. */
  onUp(listener: () => void): () => void {
    return added(this.#upListeners, listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#isUp = false;
    this.#firstOutcome.resolve();
    await this.#nats?.close();
  }

  #subscribed(subject: string, onMessage: (message: Msg) => void): Subscription {
    return this.live.subscribe(subject, {
      callback: (error, message) => {
        if (error === null) onMessage(message);
      },
    });
  }

  async #flush(): Promise<void> {
    const { silenceTimeoutMs } = this.#options;
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(silent(this.address, silenceTimeoutMs)), silenceTimeoutMs);
    try {
      await Promise.race([this.live.flush(), late.promise]);
    } catch (error) {
      throw translateError(error, this.address);
    } finally {
      clearTimeout(timer);
    }
  }

  async #open(): Promise<void> {
    const { url, username, password, token, connectTimeoutMs, name } = this.#options;
    while (!this.#isClosed) {
      try {
        const connection = await connect({
          servers: url,
          name,
          timeout: connectTimeoutMs,
          reconnectTimeWait: reconnectPauseMs,
          reconnectJitter: reconnectPauseMs / 2,
          maxReconnectAttempts: -1,
          pingInterval: pingIntervalMs,
          maxPingOut: pingsUnansweredMax,
          ...(username === undefined ? {} : { user: username, pass: password }),
          ...(token === undefined ? {} : { token }),
        });
        this.#nats = connection;
        this.#up();
        if (this.#isClosed) await connection.close();
        void this.#follow(connection);
        return;
      } catch (error) {
        this.#report({ reachable: false, message: translateError(error, this.address).message });
        this.#firstOutcome.resolve();
        await new Promise((resolve) => setTimeout(resolve, reconnectPauseMs));
      }
    }
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const { type, data } of connection.status()) {
      if (type === Events.Disconnect) this.#down();
      else if (type === Events.Reconnect) this.#up();
      else if (type === DebugEvents.StaleConnection) this.counts.stalls++;
      else if (type === Events.Error)
        this.#options.log.warn({ address: this.address, problem: String(data) }, "NATS refuses");
    }
    if (this.#isClosed) return;
    // The driver has given up, as it does when its credentials are refused twice: begin anew.
    this.#down();
    void this.#open();
  }

  #up(): void {
    this.counts.connections++;
    this.#isUp = true;
    this.#report({ reachable: true });
    this.#firstOutcome.resolve();
    for (const listener of [...this.#upListeners]) listener();
  }

  #down(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.counts.losses++;
    if (!this.#isClosed) this.#report({ reachable: false, message: notConnected(this.address).message });
    for (const listener of [...this.#downListeners]) listener();
  }

  #healthMessage: string | undefined;

  /** Invariant: health is reported, and logged, once per change. */
  #report(health: BackendHealth): void {
    const message = health.reachable ? "" : health.message;
    if (message === this.#healthMessage) return;
    this.#healthMessage = message;
    if (health.reachable) this.#options.log.info({ address: this.address }, "NATS answers");
    else this.#options.log.warn({ address: this.address, problem: message }, "NATS does not answer");
    this.#options.reportHealth(health);
  }
}

function added(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}
