import { setTimeout as pause } from "node:timers/promises";
import type { Logger, PluginContext } from "@prism-data/pattern-sdk";
import { type Admin, Kafka, type KafkaConfig, type LogEntry, logLevel } from "kafkajs";
import { type Cluster, openCluster } from "./cluster.js";
import type { Settings } from "./config.js";
import { brokersAway } from "./errors.js";

/** How often the brokers are asked whether they are there: calls fail fast soon after they went, and work soon after they came. */
const pingIntervalMs = 500;

/** Tries of one request at what kafkajs does by itself; the plugin's own tries come on top. */
const driverRetry = { initialRetryTime: 50, maxRetryTime: 300, multiplier: 2, factor: 0.2 };

/** The connection to the brokers: whether they answer, and what all namespaces need. */
export class Connection {
  readonly kafka: Kafka;
  readonly #context: PluginContext;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  readonly #pinging: Promise<void>;
  #admin: Promise<Admin> | undefined;
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

  /** For topics and groups. */
  admin(): Promise<Admin> {
    this.#admin ??= this.#openAdmin();
    return this.#admin;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#pinging;
    const admin = await this.#admin?.catch(() => undefined);
    await admin?.disconnect();
  }

  async #openAdmin(): Promise<Admin> {
    const admin = this.kafka.admin();
    try {
      await admin.connect();
      return admin;
    } catch (error) {
      this.#admin = undefined;
      throw error;
    }
  }

  async #ping(): Promise<void> {
    const { signal } = this.#closing;
    let cluster: Cluster | undefined;
    while (!signal.aborted) {
      try {
        cluster ??= openCluster(this.kafka);
        await cluster.connect();
        await cluster.refreshMetadata();
        this.#found(undefined);
      } catch (error) {
        this.#found(error instanceof Error ? error.message : String(error));
        await cluster?.disconnect();
        cluster = undefined;
      }
      this.#first.resolve();
      await pause(pingIntervalMs, undefined, { signal }).catch(() => undefined);
    }
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
