import type { BackendHealth, GatewayError, Logger } from "@prism-data/pattern-sdk";
import { Redis, type RedisOptions } from "ioredis";
import type { Endpoint } from "./config.js";
import { isReply, isScriptMissing, linkDown, translateError, translateLinkError } from "./errors.js";
import { probeScript, type Script } from "./scripts.js";
import { ServerClock } from "./server-clock.js";

/** How often the server is asked for its time: an outage, a replica or a full disk is noticed while no call comes. */
const heartbeatMs = 1_000;

/** The first pause before reconnecting; it doubles up to `reconnectMsMax`. */
const reconnectMsMin = 20;

/** Calls are to work within 2 s of Redis' return, so no pause may be much of that. */
const reconnectMsMax = 500;

/** What the driver sends: text as UTF-8, bytes as they are. */
export type Argument = string | number | Buffer;

/** What Redis answers. */
export type Reply = Buffer | number | null | readonly Reply[];

/** How to reach the server. */
export interface ConnectionOptions {
  readonly endpoint: Endpoint;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** What Node's TLS takes. `undefined`: no TLS. */
  readonly tls?: Exclude<RedisOptions["tls"], undefined> | undefined;
  /** How long an attempt to connect may take, in ms. */
  readonly connectTimeoutMs: number;
  /** How long the server may stay silent while calls wait, in ms. */
  readonly silenceTimeoutMs: number;
  /** The connection's name in CLIENT LIST. */
  readonly name: string;
  readonly log: Logger;
  readonly reportHealth: (health: BackendHealth) => void;
}

type LinkState =
  | { readonly kind: "connecting" }
  /** The server has answered on this connection. */
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly error: GatewayError }
  | { readonly kind: "closed" };

/** What the connection has seen since it was opened. */
export interface ConnectionCounts {
  /** Commands and scripts that were sent. */
  commands: number;
  /** Those that were refused, or got no answer. */
  failures: number;
  /** Connections that were made, whether or not the server answered on them. */
  connections: number;
  /** Connections that were lost after the server had answered. */
  losses: number;
}

/**
 * The plugin's one connection for calls. It fails fast: without a connection nothing is queued, and a command is never sent
 * twice, so none can be applied twice. What was sent when the connection was lost fails, and may have been applied.
 */
export class Connection {
  readonly clock = new ServerClock();
  readonly counts: ConnectionCounts = { commands: 0, failures: 0, connections: 0, losses: 0 };
  readonly #options: ConnectionOptions;
  readonly #redis: Redis;
  readonly #firstOutcome = Promise.withResolvers<void>();
  readonly #heartbeat: NodeJS.Timeout;
  #state: LinkState = { kind: "connecting" };
  #connectError: GatewayError | undefined;
  #healthMessage: string | undefined;
  #probing = false;
  #corked = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#redis = new Redis(driverOptions(options));
    this.#redis.on("error", (error) => {
      this.#connectError = translateLinkError(error, this.address);
      // The driver would go on in database 0 when it may not select the one it was given.
      if (isReply(error)) this.#redis.disconnect(true);
    });
    this.#redis.on("connect", () => {
      this.counts.connections++;
    });
    this.#redis.on("ready", () => this.#probe());
    this.#redis.on("close", () => this.#lost());
    this.#heartbeat = setInterval(() => this.#probe(), heartbeatMs);
    // Every outcome comes as an event, also that of the first attempt.
    this.#redis.connect().catch(() => {});
  }

  /** Host and port, for messages. */
  get address(): string {
    const { host, port } = this.#options.endpoint;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }

  get isUp(): boolean {
    return this.#state.kind === "up";
  }

  /** Settles when the first attempt to connect has succeeded or failed. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** Sends one command. Commands are executed in the order in which they are sent. Throws `GatewayError`. */
  async command(name: string, args: Argument[]): Promise<Reply> {
    try {
      return await this.#send(name, args);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * Runs a script. A server that does not know it (new, or its scripts were flushed) has not run it, so it is sent whole then.
   * Throws `GatewayError`.
   */
  async run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    try {
      return await this.#send("EVALSHA", [script.sha, keys.length, ...keys, ...args]);
    } catch (error) {
      if (!isScriptMissing(error)) throw this.#failure(error);
    }
    return this.command("EVAL", [script.lua, keys.length, ...keys, ...args]);
  }

  /** Makes a second connection, not connected yet, that is not renewed when it is lost. */
  openSubscriber(): Redis {
    return new Redis({
      ...driverOptions({ ...this.#options, name: `${this.#options.name}-watch` }),
      retryStrategy: null,
      autoResubscribe: false,
    });
  }

  close(): void {
    clearInterval(this.#heartbeat);
    this.#state = { kind: "closed" };
    this.#firstOutcome.resolve();
    this.#redis.disconnect();
  }

  #send(name: string, args: Argument[]): Promise<Reply> {
    if (this.#state.kind !== "up")
      throw linkDown(this.address, this.#state.kind === "down" ? this.#state.error : undefined);
    this.counts.commands++;
    this.#corkForThisTurn();
    return this.#redis.callBuffer(name, args) as Promise<Reply>;
  }

  /** Commands of one turn of the event loop leave in one write, in the order in which they were sent. */
  #corkForThisTurn(): void {
    if (this.#corked) return;
    const { stream } = this.#redis;
    this.#corked = true;
    stream.cork();
    setImmediate(() => {
      this.#corked = false;
      stream.uncork();
    });
  }

  #failure(error: unknown): GatewayError {
    this.counts.failures++;
    return translateError(error, this.address);
  }

  /** Asks for the time. Any answer, also an error, shows that the server is there; calls then get its errors themselves. */
  async #probe(): Promise<void> {
    if (this.#probing || this.#redis.status !== "ready") return;
    this.#probing = true;
    const sentAtMs = this.clock.localNowMs();
    try {
      const [seconds, micros] = (await this.#redis.call("EVAL", [probeScript.lua, 0])) as [string, string];
      const serverMs = Number(seconds) * 1_000 + Number(micros) / 1_000;
      this.clock.observe({ sentAtMs, receivedAtMs: this.clock.localNowMs(), serverMs });
      this.#answered({ reachable: true });
    } catch (error) {
      // Everything else is a lost connection, which its own event reports.
      if (isReply(error))
        this.#answered({ reachable: false, message: translateLinkError(error, this.address).message });
    } finally {
      this.#probing = false;
    }
  }

  #answered(health: BackendHealth): void {
    if (this.#state.kind === "closed") return;
    this.#state = { kind: "up" };
    this.#connectError = undefined;
    this.#report(health);
    this.#firstOutcome.resolve();
  }

  #lost(): void {
    if (this.#state.kind === "closed") return;
    if (this.#state.kind === "up") this.counts.losses++;
    const error = this.#connectError ?? translateLinkError(new Error("the connection was closed"), this.address);
    this.#state = { kind: "down", error };
    this.#report({ reachable: false, message: error.message });
    this.#firstOutcome.resolve();
  }

  /** Invariant: health is reported, and logged, once per change. */
  #report(health: BackendHealth): void {
    const message = health.reachable ? "" : health.message;
    if (message === this.#healthMessage) return;
    this.#healthMessage = message;
    if (health.reachable) this.#options.log.info({ address: this.address }, "Redis answers");
    else this.#options.log.warn({ address: this.address, problem: message }, "Redis does not answer");
    this.#options.reportHealth(health);
  }
}

function driverOptions(options: ConnectionOptions): RedisOptions {
  const { endpoint, username, password, tls } = options;
  return {
    host: endpoint.host,
    port: endpoint.port,
    db: endpoint.database,
    connectionName: options.name,
    disableClientInfo: true,
    connectTimeout: options.connectTimeoutMs,
    // Covers the handshake too: a stopped server accepts connections and answers nothing.
    socketTimeout: options.silenceTimeoutMs,
    retryStrategy: (attempt) => Math.min(reconnectMsMin * 2 ** (attempt - 1), reconnectMsMax),
    lazyConnect: true,
    // The plugin's probe tells more than the driver's: whether writes are taken.
    enableReadyCheck: false,
    // The three that keep a command from waiting for a connection, and from being sent on a second one. Without the retries at
    // zero, the driver would leave commands in flight unanswered when the connection is lost.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls === undefined ? {} : { tls }),
  };
}
