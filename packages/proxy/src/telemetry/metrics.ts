import type { ConnectionOffence } from "@prism-data/transport";
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { BackendState } from "../messages.js";
import {
  CallDurationHistogram,
  type CallLabels,
  CallMetrics,
  collectCounts,
  collectInFlight,
  collectOutcomes,
} from "./call-metrics.js";

/** Kinds of call with series of their own. Beyond it they share one, so that a large configuration cannot make a scrape of many megabytes. */
export const callKindsMax = 1_000;

/** The value of every label of what came after `callKindsMax`. */
export const overflowLabel = "_overflow";

/** Why a plugin process was started again. */
export type RestartReason = "crashed" | "unresponsive" | "start_failed" | "replaced";

/** What became of a reload of the certificates. */
export type TlsReloadResult = "applied" | "rejected";

/** What became of a reload of the configuration. */
export type ReloadResult = "applied" | "unchanged" | "rejected" | "failed";

/** What became of a change that the load asked for. */
export type CapacityStepResult = "applied" | "advised" | "failed";

/** Why the proxy ended a connection of an app. */
export type ConnectionCloseReason =
  | ConnectionOffence
  /** The first bytes are of no protocol that is served. */
  | "unknown_protocol"
  /** HTTP/1.1 that is malformed, or that could be read in two ways. */
  | "malformed_request"
  | "header_too_large"
  | "body_too_large"
  | "request_timeout"
  | "too_many_connections";

const backendStates: readonly BackendState[] = ["starting", "ready", "draining", "exited", "crash_loop", "disabled"];

/** The calls that were sent to one replica of a plugin. */
export interface ReplicaCalls {
  readonly backend: string;
  readonly replica: number;
  calls: number;
}

/** Every metric of the proxy. One per gateway. */
export class Metrics {
  readonly registry = new Registry();
  /** Calls that no route was found for: nothing of them is known that could be a label. */
  readonly unrouted: CallMetrics;
  readonly #calls = new Map<string, CallMetrics>();
  readonly #pluginState: Gauge;
  readonly #pluginReplicas: Gauge;
  readonly #replicaCalls = new Map<string, ReplicaCalls>();
  readonly #pluginRestarts: Counter;
  readonly #pluginLogLinesDropped: Counter;
  readonly #namespaceStorage: Gauge;
  readonly #configReloads: Counter;
  readonly #controlStateReachable: Gauge;
  readonly #capacitySteps: Counter;
  readonly #tlsExpiry: Gauge;
  readonly #tlsReloads: Counter;
  readonly #tlsHandshakeFailures: Counter;
  readonly #connectionsClosed: Counter;
  readonly #streamsRefused: Counter;

  constructor(build: { version: string }) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    new Gauge({
      name: "prism_build_info",
      help: "Always 1; the label says what runs.",
      labelNames: ["version"],
      registers,
    }).set({ version: build.version }, 1);
    declareCallMetrics(this.registry, () => this.#calls.values());
    this.#pluginState = new Gauge({
      name: "prism_plugin_state",
      help: "1 for the state that the backend is in, 0 for the others: ready as soon as one of its plugin processes is.",
      labelNames: ["backend", "state"],
      registers,
    });
    this.#pluginReplicas = new Gauge({
      name: "prism_plugin_replicas",
      help: "The backend's plugin processes, by the state that they are in.",
      labelNames: ["backend", "state"],
      registers,
    });
    declareReplicaCalls(this.registry, () => this.#replicaCalls.values());
    this.#pluginRestarts = new Counter({
      name: "prism_plugin_restarts_total",
      help: "Plugin processes started again, by reason.",
      labelNames: ["backend", "reason"],
      registers,
    });
    this.#pluginLogLinesDropped = new Counter({
      name: "prism_plugin_log_lines_dropped_total",
      help: "Log lines of plugins that were dropped because they came too fast.",
      labelNames: ["backend"],
      registers,
    });
    this.#namespaceStorage = new Gauge({
      name: "prism_namespace_storage_bytes",
      help: "What a namespace with limits.storage_size holds on its backend, as last counted.",
      labelNames: ["namespace"],
      registers,
    });
    this.#configReloads = new Counter({
      name: "prism_config_reloads_total",
      help: "Reloads of the configuration, by result.",
      labelNames: ["result"],
      registers,
    });
    this.#controlStateReachable = new Gauge({
      name: "prism_control_state_reachable",
      help: "1 while the store of namespaces that were declared over the admin API can be used; otherwise 0, and what is known serves.",
      registers,
    });
    this.#capacitySteps = new Counter({
      name: "prism_capacity_steps_total",
      help: "Changes that the load asked for, by what was or would be changed, and whether it was.",
      labelNames: ["setting", "result"],
      registers,
    });
    this.#tlsExpiry = new Gauge({
      name: "prism_tls_certificate_expiry_timestamp_seconds",
      help: "When the first of the certificates in use ends: the proxy's own with its issuers, or those that apps are checked against.",
      labelNames: ["kind"],
      registers,
    });
    this.#tlsReloads = new Counter({
      name: "prism_tls_reloads_total",
      help: "Changes of the certificate files, by whether they are used.",
      labelNames: ["result"],
      registers,
    });
    this.#tlsHandshakeFailures = new Counter({
      name: "prism_tls_handshake_failures_total",
      help: "Connections that ended in the TLS handshake, by reason.",
      labelNames: ["reason"],
      registers,
    });
    this.#connectionsClosed = new Counter({
      name: "prism_connections_closed_total",
      help: "Connections of apps that the proxy ended for what came over them, or did not, by reason.",
      labelNames: ["reason"],
      registers,
    });
    this.#streamsRefused = new Counter({
      name: "prism_streams_refused_total",
      help: "HTTP/2 streams of apps that the proxy reset for breaking a rule or a limit, by the code it sent.",
      labelNames: ["code"],
      registers,
    });
    this.unrouted = this.call({ namespace: "_unknown", pattern: "", method: "" });
  }

  /** The numbers of every kind of call so far. */
  get calls(): Iterable<CallMetrics> {
    return this.#calls.values();
  }

  /** The numbers of one kind of call. Look it up once per route and keep it. */
  call(labels: CallLabels): CallMetrics {
    const key = `${labels.namespace}\0${labels.pattern}\0${labels.method}`;
    const known = this.#calls.get(key);
    if (known !== undefined) return known;
    if (this.#calls.size >= callKindsMax && labels.namespace !== overflowLabel) {
      return this.call({ namespace: overflowLabel, pattern: overflowLabel, method: overflowLabel });
    }
    const made = new CallMetrics(labels);
    this.#calls.set(key, made);
    return made;
  }

  /** What all namespaces hold that are counted, now. Those beyond `callKindsMax` are one. */
  namespaceStorage(bytes: ReadonlyMap<string, number>): void {
    this.#namespaceStorage.reset();
    for (const [position, [namespace, held]] of [...bytes].entries()) {
      this.#namespaceStorage.inc({ namespace: position < callKindsMax ? namespace : overflowLabel }, held);
    }
  }

  /** A backend entered a state. */
  pluginState(backend: string, state: BackendState): void {
    for (const known of backendStates) this.#pluginState.set({ backend, state: known }, known === state ? 1 : 0);
  }

  /** The replicas of a backend entered states. */
  replicaStates(backend: string, states: readonly BackendState[]): void {
    for (const known of backendStates) {
      this.#pluginReplicas.set({ backend, state: known }, states.filter((state) => state === known).length);
    }
  }

  /** Counts the calls that are sent to a replica. Look it up once per connection and keep it. */
  replicaCalls(backend: string, replica: number): ReplicaCalls {
    const key = `${replica}\0${backend}`;
    const known = this.#replicaCalls.get(key);
    if (known !== undefined) return known;
    const made = { backend, replica, calls: 0 };
    this.#replicaCalls.set(key, made);
    return made;
  }

  /** A backend was removed from the configuration. */
  pluginRemoved(backend: string): void {
    for (const state of backendStates) {
      this.#pluginState.remove({ backend, state });
      this.#pluginReplicas.remove({ backend, state });
    }
    for (const [key, calls] of this.#replicaCalls) if (calls.backend === backend) this.#replicaCalls.delete(key);
  }

  /** A plugin process was started again. */
  pluginRestarted(backend: string, reason: RestartReason): void {
    this.#pluginRestarts.inc({ backend, reason });
  }

  /** Log lines of a plugin were dropped. */
  pluginLogLinesDropped(backend: string, count: number): void {
    this.#pluginLogLinesDropped.inc({ backend }, count);
  }

  /** A reload of the configuration ended. */
  configReloaded(result: ReloadResult): void {
    this.#configReloads.inc({ result });
  }

  /** Whether the store of declared namespaces can be used. */
  controlStateReachable(isReachable: boolean): void {
    this.#controlStateReachable.set(Number(isReachable));
  }

  /** The load asked for a change. */
  capacityStepped(setting: string, result: CapacityStepResult): void {
    this.#capacitySteps.inc({ setting, result });
  }

  /** Certificates are in use that end then. */
  tlsCertificateExpires(kind: "server" | "client_ca", expiresMs: number): void {
    this.#tlsExpiry.set({ kind }, expiresMs / 1000);
  }

  /** The certificate files changed. */
  tlsReloaded(result: TlsReloadResult): void {
    this.#tlsReloads.inc({ result });
  }

  /** The proxy ended a connection of an app. */
  connectionClosed(reason: ConnectionCloseReason): void {
    this.#connectionsClosed.inc({ reason });
  }

  /** The proxy reset a stream of an app. `code`: the name of an HTTP/2 error code. */
  streamRefused(code: string): void {
    this.#streamsRefused.inc({ code });
  }

  /** A client did not get through the handshake. */
  tlsHandshakeFailed(reason: string): void {
    this.#tlsHandshakeFailures.inc({ reason });
  }
}

function declareReplicaCalls(registry: Registry, replicas: () => Iterable<ReplicaCalls>): void {
  new Counter({
    name: "prism_plugin_calls_total",
    help: "Calls sent to a backend's plugin, by replica; one that is sent again counts again.",
    labelNames: ["backend", "replica"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { backend, replica, calls } of replicas()) this.inc({ backend, replica }, calls);
    },
  });
}

/** The metrics of calls: they read what the calls counted when they are scraped. */
function declareCallMetrics(registry: Registry, calls: () => Iterable<CallMetrics>): void {
  const registers = [registry];
  const labelNames = ["namespace", "pattern", "method"];
  new Counter({
    name: "prism_requests_total",
    help: "Calls that ended, by gRPC code.",
    labelNames: [...labelNames, "code"],
    registers,
    collect() {
      collectOutcomes(this, calls());
    },
  });
  registry.registerMetric(
    new CallDurationHistogram({
      name: "prism_request_duration_seconds",
      help: "Time from the first byte of a call to its status.",
      calls,
    }),
  );
  new Counter({
    name: "prism_request_bytes_total",
    help: "Bytes of request messages received from apps.",
    labelNames,
    registers,
    collect() {
      collectCounts(this, calls(), (call) => call.requestBytes);
    },
  });
  new Counter({
    name: "prism_response_bytes_total",
    help: "Bytes of response messages sent to apps.",
    labelNames,
    registers,
    collect() {
      collectCounts(this, calls(), (call) => call.responseBytes);
    },
  });
  new Gauge({
    name: "prism_inflight_requests",
    help: "Calls in flight.",
    labelNames: ["namespace"],
    registers,
    collect() {
      collectInFlight(this, calls());
    },
  });
}
