import { Client, type ClientConfig, type QueryResultRow } from "pg";
import { connectionsBusy, isAnswer, isSilence, translateLinkError } from "./errors.js";
import { type Parameter, runOn, type Statement } from "./statement.js";

/** Statements that may be under way on all connections; more would only wait past their deadlines. */
const underWayMax = 8_192;

/** How much longer the driver waits than the server works, for the way there and back. */
const graceMs = 1_000;

/** A connection that nobody needed for so long is closed, in ms: each is a process of the server. */
const idleMs = 30_000;

/** One connection: statements are sent without waiting for the answers to those before them. */
interface Pipeline {
  readonly client: Client;
  readonly connected: Promise<unknown>;
  load: number;
  idleSinceMs: number;
}

export interface PipelinesOptions {
  readonly config: ClientConfig;
  readonly connectionsMax: number;
  readonly statementTimeoutMs: number;
  readonly address: string;
  /** A connection was made. */
  readonly onConnected: () => void;
  /** A connection did not answer in time, and was given up. */
  readonly onStalled: () => void;
}

/**
 * The connections that short statements share: each goes to the one with the least to do, and a new one is opened as long as all have
 * something. Nothing is sent twice. A connection that breaks fails what is on it, and is replaced when it is needed.
 */
export class Pipelines {
  readonly #options: PipelinesOptions;
  #pipelines: Pipeline[] = [];
  #underWay = 0;

  constructor(options: PipelinesOptions) {
    this.#options = options;
  }

  /** How many connections there are. */
  get size(): number {
    return this.#pipelines.length;
  }

  /** Runs a statement. Throws what the driver throws. `load`: how many others it is as long as. */
  async run<Row extends QueryResultRow>(
    statement: Statement,
    values: readonly Parameter[],
    load: number,
  ): Promise<readonly Row[]> {
    if (this.#underWay >= underWayMax) throw connectionsBusy(this.#options.address);
    const pipeline = this.#leastBusy();
    pipeline.load += load;
    this.#underWay++;
    try {
      await pipeline.connected;
      const timeoutMs = this.#options.statementTimeoutMs + graceMs;
      return (await runOn<Row>(pipeline.client, statement, values, timeoutMs)).rows;
    } catch (error) {
      if (isSilence(error)) this.#options.onStalled();
      if (!isAnswer(error)) this.#drop(pipeline);
      throw error;
    } finally {
      this.#underWay--;
      pipeline.load -= load;
      pipeline.idleSinceMs = performance.now();
    }
  }

  /** Closes connections that are not needed any more, but one. */
  closeIdle(): void {
    const enoughAtMs = performance.now() - idleMs;
    const idle = this.#pipelines.filter(({ load, idleSinceMs }) => load === 0 && idleSinceMs < enoughAtMs);
    for (const pipeline of idle) {
      if (this.#pipelines.length === 1) return;
      this.#forget(pipeline);
      pipeline.client.end().catch(() => {});
    }
  }

  /** Gives all connections up; what is on them fails. */
  drop(): void {
    for (const pipeline of [...this.#pipelines]) this.#drop(pipeline);
  }

  #leastBusy(): Pipeline {
    let found: Pipeline | undefined;
    for (const pipeline of this.#pipelines) if (found === undefined || pipeline.load < found.load) found = pipeline;
    const isFull = this.#pipelines.length >= this.#options.connectionsMax;
    return found !== undefined && (found.load === 0 || isFull) ? found : this.#open();
  }

  #open(): Pipeline {
    const client = new Client({ ...this.#options.config, pipeline: true });
    const connected = client.connect().catch((error) => {
      throw translateLinkError(error, this.#options.address);
    });
    const pipeline: Pipeline = { client, connected, load: 0, idleSinceMs: performance.now() };
    // Whoever runs a statement meets the failure too.
    connected.then(this.#options.onConnected, () => {});
    client.on("error", () => this.#drop(pipeline));
    client.on("end", () => this.#forget(pipeline));
    this.#pipelines.push(pipeline);
    return pipeline;
  }

  #drop(pipeline: Pipeline): void {
    if (this.#forget(pipeline)) pipeline.client.connection.stream.destroy();
  }

  #forget(pipeline: Pipeline): boolean {
    const before = this.#pipelines.length;
    this.#pipelines = this.#pipelines.filter((one) => one !== pipeline);
    return this.#pipelines.length < before;
  }
}
