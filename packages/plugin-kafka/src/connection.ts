import { setTimeout as pause } from "node:timers/promises";
import type { Logger, PluginContext } from "@prism-data/pattern-sdk";
import { Kafka, type KafkaConfig, type LogEntry, logLevel } from "kafkajs";
import { type Broker, type Cluster, openCluster } from "./cluster.js";
import type { Settings } from "./config.js";
import { brokersAway, isPassing } from "./errors.js";
import { firstAnswer, patienceMs as silenceMs } from "./first-answer.js";
import { Sockets } from "./sockets.js";

/** How often the brokers are asked whether they are there: calls fail fast soon after they went, and work soon after they came. */
const pingIntervalMs = 500;

/** How long brokers may take to tell each other of a topic. */
const patienceMs = 10_000;
const retryPauseMs = 100;

/** Tries of one request at what kafkajs does by itself; the plugin's own tries come on top. */
const driverRetry = { initialRetryTime: 50, maxRetryTime: 300, multiplier: 2, factor: 0.2 };

/** The connection to the brokers: whether they answer, and what all namespaces need. */
export class Connection {
  /** For what is asked and read. Who asks looks after what waits: a join is kept waiting on purpose. */
  readonly kafka: Kafka;
  /** For what is written: kafkajs asks by itself, so connections that let a request wait for too long are given up. */
  readonly writing: Kafka;
  readonly #sockets = new Sockets();
  readonly #silenceMsMax: number;
  readonly #context: PluginContext;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #pinging: Promise<void>;
  #cluster: Cluster | undefined;
  #unreachable: string | undefined = "not asked yet";
  /** When brokers were found again after a silence, until what has heard nothing since is given up. */
  #foundAgainAtMs: number | undefined;
  #losses = 0;

  constructor(settings: Settings, context: PluginContext) {
    this.#context = context;
    this.#silenceMsMax = settings.request_timeout;
    const config = kafkaConfig(settings, context.log);
    this.kafka = new Kafka({ ...config, socketFactory: this.#sockets.factory() });
    this.writing = new Kafka({ ...config, socketFactory: this.#sockets.factory(this.#silenceMsMax) });
    this.#pinging = this.#ping();
  }

  /** Settles when it is known whether the brokers answer. */
  get firstOutcome(): Promise<void> {
    return this.#first.promise;
  }

  get isUp(): boolean {
    return this.#unreachable === undefined;
  }

  /** How often no broker answered any more. */
  get losses(): number {
    return this.#losses;
  }

  /** How many connections were given up because nothing moved on them. */
  get stalls(): number {
    return this.#sockets.stalls;
  }

  /** Throws `BACKEND_UNAVAILABLE` while no broker answers. */
  requireReachable(): void {
    if (this.#unreachable !== undefined) throw brokersAway(this.#unreachable);
  }

  /** Asks any broker, again while the brokers are telling each other what is new. Brokers pass on what only the controller decides. */
  async ask<T>(run: (broker: Broker) => Promise<T>): Promise<T> {
    const giveUpAtMs = performance.now() + patienceMs;
    for (;;) {
      this.requireReachable();
      try {
        return await run(await this.#broker());
      } catch (error) {
        if (!isPassing(error) || performance.now() > giveUpAtMs) throw error;
      }
      await pause(retryPauseMs);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#pinging;
    await this.#cluster?.disconnect();
    this.#sockets.close();
  }

  async #broker(): Promise<Broker> {
    this.#cluster ??= openCluster(this.kafka);
    await this.#cluster.connect();
    return this.#cluster.brokerPool.findConnectedBroker();
  }

  async #ping(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#check(signal);
        this.#found(undefined);
      } catch (error) {
        if (signal.aborted) break;
        this.#cluster = undefined;
        this.#found(error instanceof Error ? error.message : String(error));
      }
      this.#first.resolve();
      await pause(pingIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    this.#first.resolve();
  }

  /** Asks whether the brokers are there. If others stay silent than who answers, what has been as quiet is given up. */
  async #check(signal: AbortSignal): Promise<void> {
    const { kafka } = this;
    this.#cluster ??= openCluster(kafka);
    const asked = { kafka, current: this.#cluster, silenceMsMax: this.#silenceMsMax, signal };
    const { cluster, othersAreSilent } = await firstAnswer(asked);
    this.#cluster = cluster;
    const nowMs = performance.now();
    // What was begun shortly before may be as silent, which shows by the next question.
    if (this.#foundAgainAtMs !== undefined) this.#sockets.giveUpQuiet(this.#foundAgainAtMs);
    this.#foundAgainAtMs = undefined;
    if (!othersAreSilent && this.isUp) return;
    this.#sockets.giveUpQuiet(nowMs - silenceMs);
    this.#foundAgainAtMs = nowMs;
  }

  #found(unreachable: string | undefined): void {
    const { log, reportHealth } = this.#context;
    const was = this.#unreachable;
    this.#unreachable = unreachable;
    if (unreachable === undefined) {
      if (was !== undefined) log.info({}, "the brokers answer");
      reportHealth({ reachable: true });
      return;
    }
    if (was === undefined) {
      this.#losses++;
      log.warn({ reason: unreachable }, "no broker answers");
    }
    reportHealth({ reachable: false, message: `No broker answers: ${unreachable}.` });
  }
}

function kafkaConfig(settings: Settings, log: Logger): KafkaConfig {
  const { tls, sasl, connect_timeout: connectionTimeout, request_timeout: requestTimeout } = settings;
  let turn = 0;
  return {
    // Each new connection begins with the next broker: the first one may be silent.
    brokers: () => [settings.brokers[turn++ % settings.brokers.length]!],
    ...{ clientId: "prism", ssl: tls, connectionTimeout, requestTimeout },
    ...(sasl && { sasl: sasl as NonNullable<KafkaConfig["sasl"]> }),
    retry: { ...driverRetry, retries: settings.brokers.length + 1 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logged(log, entry),
  };
}

/** What kafkajs calls an error is mostly a retry of its own; what fails for good is thrown. */
function logged(log: Logger, { namespace, log: { message, ...fields } }: LogEntry): void {
  log.debug({ ...fields, part: namespace }, message);
}
