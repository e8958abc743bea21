import type { Socket } from "node:net";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { Limits } from "../config/limits.js";
import { AppConnections } from "../downstream/app-connections.js";
import type { FromDataPath, MessagePortLike, RouteTable, ToDataPath } from "../messages.js";
import { NamespaceQuotas } from "../routing/namespace-quota.js";
import { RouteLookup } from "../routing/route-lookup.js";
import { settledWithin } from "../settled-within.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { Http1Front } from "../transcoding/http1-front.js";
import { type CallUnary, Transcoder } from "../transcoding/transcoder.js";
import { Backend } from "./backend.js";
import { ByteBudget } from "./byte-budget.js";
import { failureOf } from "./failure.js";
import { Forwarding } from "./forwarding.js";
import { HealthService } from "./health-service.js";
import {
  closeWaitMs,
  downstreamHighWaterBytes,
  drainRetryAfterMs,
  httpBodiesBytesMax,
  httpBodyBytesMax,
} from "./limits.js";
import { builtInServices, Offer } from "./offer.js";
import { Reception } from "./reception.js";
import { reflectionMethods } from "./reflection-service.js";
import { callStreaming } from "./streaming-exchange.js";
import { callUnary } from "./unary-exchange.js";

export interface DataPathOptions {
  /** The data path's end of the channel to supervision. */
  readonly port: MessagePortLike<ToDataPath, FromDataPath>;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** A clock that never goes back, in ms. Default: `performance.now`. */
  readonly now?: () => number;
}

/** Makes the data path: everything between an accepted connection and the plugins' sockets. All else it learns by messages. */
export function createDataPath(options: DataPathOptions): DataPath {
  return new DataPath(options);
}

const noRoutes: RouteTable = { namespaces: new Map(), unserved: new Map(), services: new Map(), patterns: [] };

const draining = failureOf(
  new GatewayError(
    "DRAINING",
    "The proxy is shutting down and its grace has passed; call again, another one will serve.",
    {
      retryAfterMs: drainRetryAfterMs,
    },
  ),
);

/** Serves accepted connections. One per thread. */
export class DataPath {
  readonly #tell: (message: FromDataPath) => void;
  readonly #metrics: Metrics;
  readonly #quotas = new NamespaceQuotas();
  readonly #log: Logger;
  readonly #backends = new Map<string, Backend>();
  readonly #forwarding: Forwarding;
  readonly #offer: Offer;
  readonly #health: HealthService;
  readonly #reception: Reception;
  readonly #connections: AppConnections;
  #generation = -1;

  constructor({ port, limits, metrics, log, now = () => performance.now() }: DataPathOptions) {
    this.#tell = (message) => port.postMessage(message);
    this.#metrics = metrics;
    this.#log = log;
    const backend = (name: string) => this.#backend(name);
    this.#forwarding = new Forwarding({
      metrics,
      limits,
      routes: this.#lookup(noRoutes),
      backend,
      builtInServices,
      now,
    });
    this.#offer = new Offer({ routes: () => this.#forwarding.routes, backend, log });
    this.#health = new HealthService((service) => this.#offer.healthOf(service));
    const { headerListBytes, idleTimeoutMs, requestTimeoutMs } = limits;
    const body = {
      bodyBytesMax: httpBodyBytesMax(limits.messageBytes),
      budget: new ByteBudget(httpBodiesBytesMax),
      requestTimeoutMs,
    };
    const transcoder = new Transcoder({
      methods: () => this.#offer.methods(),
      call: this.#callUnary(limits.messageBytes, body.budget),
      callStreaming: (request, signal) =>
        callStreaming(this.#reception.onTranscoded, request, { messageBytesMax: limits.messageBytes, signal }),
    });
    this.#reception = new Reception({
      forwarding: this.#forwarding,
      builtIns: new Map([...this.#health.methods(), ...reflectionMethods(this.#offer)]),
      http: { transcoder, body, wheel: this.#forwarding.wheel },
    });
    this.#connections = new AppConnections({
      http1: new Http1Front(transcoder, { ...body, headerListBytes, idleTimeoutMs }, metrics),
      http2: {
        maxHeaderListBytes: headerListBytes,
        maxConcurrentStreams: limits.streamsPerConnection,
        maxConnectionAgeMs: limits.connectionAgeMs,
        maxConnectionAgeGraceMs: limits.connectionAgeGraceMs,
        keepaliveIntervalMs: limits.keepaliveIntervalMs,
        keepaliveTimeoutMs: limits.keepaliveTimeoutMs,
        sendHighWaterBytes: downstreamHighWaterBytes,
        prefaceTimeoutMs: limits.handshakeTimeoutMs,
        unreadTimeoutMs: requestTimeoutMs,
        idleTimeoutMs,
      },
      onStream: this.#reception.onStream,
      unread: this.#forwarding.unread,
      metrics,
    });
    port.onmessage = ({ data }) => this.#onMessage(data);
  }

  /** Calls in flight. */
  get callsInFlight(): number {
    return this.#forwarding.callsInFlight;
  }

  /** `principal`: who the app was verified to be; `undefined`: nobody in particular. */
  acceptHttp1(socket: Socket, principal: string | undefined): void {
    this.#connections.acceptHttp1(socket, principal);
  }

  acceptHttp2(socket: Socket, principal: string | undefined): void {
    this.#connections.acceptHttp2(socket, principal);
  }

  /** Closes everything now. */
  close(): void {
    this.#connections.close();
    for (const backend of this.#backends.values()) backend.close();
    this.#forwarding.wheel.close();
  }

  #onMessage(message: ToDataPath): void {
    switch (message.type) {
      case "routes":
        this.#swapRoutes(message.generation, message.routes);
        break;
      case "backend-ready":
        this.#backend(message.backend).ready(message);
        break;
      case "namespace-tried":
      case "namespaces-tried":
        this.#backend(message.backend).tried(message);
        break;
      case "backend-gone":
        this.#backend(message.backend).gone(message);
        break;
      case "backend-state":
        this.#backend(message.backend).setState(message.state);
        break;
      case "storage":
        this.#quotas.stored(message.bytes);
        break;
      case "drain":
        void this.#drain(message.graceMs);
        break;
    }
  }

  #swapRoutes(generation: number, routes: RouteTable): void {
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#forwarding.routes = this.#lookup(routes, this.#forwarding.routes);
    this.#offer.update(routes);
    this.#forgetUnusedBackends(routes);
    this.#health.changed();
  }

  #lookup(routes: RouteTable, before?: RouteLookup): RouteLookup {
    return new RouteLookup(routes, {
      callMetrics: (labels) => this.#metrics.call(labels),
      quotas: this.#quotas,
      before,
    });
  }

  #backend(name: string): Backend {
    const known = this.#backends.get(name);
    if (known !== undefined) return known;
    const backend = new Backend(name, {
      tell: this.#tell,
      log: this.#log,
      onChange: () => this.#health.changed(),
      callCounts: (replica) => this.#metrics.replicaCalls(name, replica),
    });
    this.#backends.set(name, backend);
    return backend;
  }

  #forgetUnusedBackends({ namespaces, services }: RouteTable): void {
    const used = new Set([...namespaces.values(), ...services.values()].map((route) => route.backend));
    for (const [name, backend] of this.#backends) {
      if (backend.isUnused && !used.has(name)) this.#backends.delete(name);
    }
  }

  #callUnary(answerBytesMax: number, budget: ByteBudget): CallUnary {
    return (request, signal) => callUnary(this.#reception.onTranscoded, request, { answerBytesMax, budget, signal });
  }

  async #drain(graceMs: number): Promise<void> {
    const endedBefore = this.#forwarding.endedCount;
    this.#reception.abortBuiltIns(draining);
    const drained = this.#connections.drain();
    await settledWithin(drained, graceMs);
    const aborted = this.#forwarding.abortAll(draining);
    const completed = this.#forwarding.endedCount - endedBefore - aborted;
    // The last answers are on their way; the peers close when they have read them.
    await settledWithin(drained, closeWaitMs);
    this.close();
    this.#tell({ type: "drained", completed, aborted });
  }
}
