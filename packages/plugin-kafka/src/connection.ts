import { setTimeout as pause } from "node:timers/promises";
import type { Logger, PluginContext } from "@prism-data/pattern-sdk";
import { Kafka, type KafkaConfig, type LogEntry, logLevel } from "kafkajs";
import { type Broker, type Cluster, openCluster } from "./cluster.js";
import type { Settings } from "./config.js";
import { brokersAway, isPassing } from "./errors.js";

/** How often the brokers are asked whether they are there: calls fail fast soon after they went, and work soon after they came. */
const pingIntervalMs = 500;

/** How long brokers may take to tell each other of a topic. */
const patienceMs = 10_000;
const retryPauseMs = 100;

/** Tries of one request at what kafkajs does by itself; the plugin's own tries come on top. */
const driverRetry = { initialRetryTime: 50, maxRetryTime: 300, multiplier: 2, factor: 0.2 };

/** The connection to the brokers: whether they answer, and what all namespaces need. */
export class Connection {
  readonly kafka: Kafka;
  readonly #context: PluginContext;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #pinging: Promise<void>;
  #cluster: Cluster | undefined;
  #unreachable: string | undefined = "not asked yet";
  #losses = 0;

  constructor(settings: Settings, context: PluginContext) {
    this.#context = context;
    this.kafka = new Kafka(kafkaConfig(settings, context.log));
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
        await (await this.#broker()).apiVersions();
        this.#found(undefined);
      } catch (error) {
        this.#found(error instanceof Error ? error.message : String(error));
        await this.#drop();
      }
      this.#first.resolve();
      await pause(pingIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    await this.#drop();
  }

  async #drop(): Promise<void> {
    const cluster = this.#cluster;
    this.#cluster = undefined;
    await cluster?.disconnect();
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
  const { brokers, tls, sasl, connect_timeout: connectionTimeout, request_timeout: requestTimeout } = settings;
  return {
    ...{ clientId: "prism", brokers, ssl: tls, connectionTimeout, requestTimeout },
    ...(sasl && { sasl: sasl as NonNullable<KafkaConfig["sasl"]> }),
    retry: { ...driverRetry, retries: brokers.length + 1 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logged(log, entry),
  };
}

/** What kafkajs calls an error is mostly a retry of its own; what fails for good is thrown. */
function logged(log: Logger, { namespace, log: { message, ...fields } }: LogEntry): void {
  log.debug({ ...fields, part: namespace }, message);
}
