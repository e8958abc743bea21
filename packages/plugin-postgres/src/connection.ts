import type { BackendHealth, GatewayError, Logger } from "@prism-data/pattern-sdk";
import type { QueryResultRow } from "pg";
import { Bell } from "./bell.js";
import { linkDown, translateError } from "./errors.js";
import { Pipelines } from "./pipelines.js";
import type { ServerAccess } from "./server-access.js";
import { Session } from "./session.js";
import type { Parameter, Statement } from "./statement.js";

export interface ConnectionOptions {
  readonly access: ServerAccess;
  readonly poolSize: number;
  readonly log: Logger;
  readonly reportHealth: (health: BackendHealth) => void;
}

type LinkState =
  | { readonly kind: "connecting" }
  /** The server answers, and the tables are there. */
  | { readonly kind: "up" }
  | { readonly kind: "down"; readonly error: GatewayError }
  | { readonly kind: "closed" };

/** What has been seen since the backend was opened. */
export interface ConnectionCounts {
  /** Statements that were sent. */
  statements: number;
  /** Those that were refused, or got no answer. */
  failures: number;
  /** Connections that were made. */
  connections: number;
  /** How often the server was lost after it had answered. */
  losses: number;
  /** Connections that were given up because nothing moved on them. */
  stalls: number;
}

/**
 * The way to the server. It fails fast: while the server is away nothing is queued, and a statement is never sent twice, so none can
 * be applied twice. What was sent when the connection was lost fails, and may have been applied.
 */
export class Connection {
  readonly counts: ConnectionCounts = { statements: 0, failures: 0, connections: 0, losses: 0, stalls: 0 };
  readonly bell = new Bell();
  readonly session: Session;
  readonly access: ServerAccess;
  readonly #options: ConnectionOptions;
  readonly #pipelines: Pipelines;
  readonly #downListeners = new Set<() => void>();
  readonly #upListeners = new Set<() => void>();
  readonly #firstOutcome = Promise.withResolvers<void>();
  #state: LinkState = { kind: "connecting" };
  #healthMessage: string | undefined;

  constructor(options: ConnectionOptions) {
    const { access, poolSize } = options;
    const { schema, statementTimeoutMs, address } = access;
    this.#options = options;
    this.access = access;
    this.#pipelines = new Pipelines({
      config: access.clientConfig({
        jit: "off",
        plan_cache_mode: "force_generic_plan",
        search_path: schema,
        statement_timeout: statementTimeoutMs,
      }),
      connectionsMax: poolSize,
      statementTimeoutMs,
      address,
      onConnected: () => {
        this.counts.connections++;
      },
      onStalled: () => {
        this.counts.stalls++;
      },
    });
    this.session = new Session(access, {
      up: () => this.#up(),
      down: (error, why) => this.#down(error, why),
      notified: (payload) => this.bell.ring(payload),
      beat: () => this.#pipelines.closeIdle(),
    });
  }

  get address(): string {
    return this.access.address;
  }

  get isUp(): boolean {
    return this.#state.kind === "up";
  }

  /** Connections for statements that are open now. */
  get size(): number {
    return this.#pipelines.size;
  }

  /** Settles when the first attempt to connect has succeeded or failed. */
  get firstOutcome(): Promise<void> {
    return this.#firstOutcome.promise;
  }

  /** Calls `listener` whenever the server is lost, until the returned function is called. */
  onDown(listener: () => void): () => void {
    this.#downListeners.add(listener);
    return () => this.#downListeners.delete(listener);
  }

  /** Calls `listener` whenever the server is back, until the returned function is called. */
  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  /** Throws `GatewayError` while the server is away. */
  requireUp(): void {
    if (this.#state.kind === "up") return;
    throw linkDown(this.address, this.#state.kind === "down" ? this.#state.error : undefined);
  }

  /**
   * Runs a statement in a transaction of its own. Throws `GatewayError`. `load`: how many quick look-ups it is as long as, so that
   * those do not wait behind it. Default 1.
   */
  async run<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly Parameter[],
    load = 1,
  ): Promise<readonly Row[]> {
    this.requireUp();
    this.counts.statements++;
    try {
      return await this.#pipelines.run<Row>(statement, values, load);
    } catch (error) {
      this.counts.failures++;
      // The driver's own error may be kept by whoever logs it; its answers hold no parameters in code and message.
      throw translateError(error, this.address);
    }
  }

  async close(): Promise<void> {
    this.#state = { kind: "closed" };
    this.#firstOutcome.resolve();
    await this.session.close();
    this.#pipelines.drop();
  }

  #up(): void {
    if (this.#state.kind === "closed") return;
    this.counts.connections++;
    this.#state = { kind: "up" };
    this.#report({ reachable: true });
    this.#firstOutcome.resolve();
    for (const listener of this.#upListeners) listener();
    this.bell.ringAll();
  }

  #down(error: GatewayError, { stalled }: { stalled: boolean }): void {
    if (this.#state.kind === "closed") return;
    if (this.#state.kind === "up") this.counts.losses++;
    if (stalled) this.counts.stalls++;
    this.#state = { kind: "down", error };
    this.#pipelines.drop();
    for (const listener of this.#downListeners) listener();
    this.#report({ reachable: false, message: error.message });
    this.#firstOutcome.resolve();
  }

  /** Invariant: health is reported, and logged, once per change. */
  #report(health: BackendHealth): void {
    const message = health.reachable ? "" : health.message;
    if (message === this.#healthMessage) return;
    this.#healthMessage = message;
    const { address } = this;
    if (health.reachable) this.#options.log.info({ address }, "PostgreSQL answers");
    else this.#options.log.warn({ address, problem: message }, "PostgreSQL does not answer");
    this.#options.reportHealth(health);
  }
}
