import { GatewayError, pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { ReplicaBounds } from "../config/config.js";
import type { BackendState } from "../messages.js";
import type { DataPathLink } from "./data-path-link.js";
import { type ReportedHealth, unknownHealth } from "./health-watch.js";
import type { BindingState } from "./namespace-bindings.js";
import type { PluginHost, PluginInstance } from "./plugin-instance.js";
import { type ReplicaView, Supervisor, type Wanted } from "./supervisor.js";

/** What operators see of a backend. A snapshot. */
export interface BackendView {
  readonly name: string;
  readonly plugin: string;
  readonly version: string;
  /** `ready` as soon as one replica is. */
  readonly state: BackendState;
  readonly detail: string;
  readonly stateSinceMs: number;
  /** Of the first replica that runs; 0: none does. */
  readonly pid: number;
  readonly restarts: number;
  readonly health: ReportedHealth;
  readonly description: pluginv1.DescribeResponse | undefined;
  readonly replicas: readonly ReplicaView[];
  readonly replicaBounds: ReplicaBounds;
}

/** The metrics that one replica has of its own. */
export interface ReplicaMetrics {
  /** `undefined`: the backend cannot have more than one. */
  readonly replica: number | undefined;
  readonly families: readonly pluginv1.MetricFamily[];
}

const { BackendHealth } = pluginv1;

/** What a backend is whose replicas are not all in one state: what calls meet. */
const bestFirst: readonly BackendState[] = ["ready", "starting", "exited", "draining", "crash_loop"];

/** One backend's plugin processes: a supervisor for each replica, all with the same settings and namespaces. */
export class Replicas {
  readonly #host: PluginHost;
  readonly #link: DataPathLink;
  readonly #onChange: () => void;
  readonly #removing = new Set<Promise<void>>();
  #wanted: Wanted;
  /** By number, from 1. */
  #supervisors: readonly Supervisor[] = [];
  #state: BackendState = "exited";
  #stateSinceMs: number;
  #lastRestart: Promise<unknown> = Promise.resolve();

  constructor(wanted: Wanted, parts: { host: PluginHost; link: DataPathLink; onChange: () => void }) {
    this.#wanted = wanted;
    this.#host = parts.host;
    this.#link = parts.link;
    this.#onChange = parts.onChange;
    this.#stateSinceMs = parts.host.now();
    this.#resize(wanted.backend.replicas.min);
  }

  view(): BackendView {
    const { name, plugin, program, replicas: replicaBounds } = this.#wanted.backend;
    const replicas = this.#supervisors.map((supervisor) => supervisor.view());
    const description = replicas.find((each) => each.description !== undefined)?.description;
    return {
      name,
      plugin,
      version: description?.version ?? program.package?.version ?? "",
      state: this.#state,
      detail: detailOf(this.#state, replicas),
      stateSinceMs: this.#stateSinceMs,
      pid: replicas.find(({ pid }) => pid !== 0)?.pid ?? 0,
      restarts: replicas.reduce((sum, { restarts }) => sum + restarts, 0),
      health: worstHealth(replicas),
      description,
      replicas,
      replicaBounds,
    };
  }

  /** Whether a namespace is bound on every replica that serves, or why not. It stays bound while its plugin is being started again. */
  binding(namespace: string): BindingState {
    if (this.#supervisors.length === 1) return this.#supervisors[0]!.binding(namespace);
    const serving = this.#supervisors.filter((each) => each.serving !== undefined);
    const states = (serving.length > 0 ? serving : this.#supervisors).map((each) => each.binding(namespace));
    return states.find(({ state }) => state !== "bound") ?? states[0]!;
  }

  /** Changes what is wanted. Resolves when all of it was tried; with the reason when a process did not start. */
  async want(wanted: Wanted): Promise<Error | undefined> {
    const { min, max } = wanted.backend.replicas;
    this.#wanted = wanted;
    const kept = this.#supervisors.slice(0, max);
    const added = this.#resize(Math.min(max, Math.max(min, this.#supervisors.length)));
    return await firstFailure([
      ...kept.map((supervisor) => supervisor.want(wanted)),
      ...added.map((supervisor) => supervisor.attempted()),
    ]);
  }

  /** Resolves when every replica serves or its first start failed; with the first reason then. */
  attempted(): Promise<Error | undefined> {
    return firstFailure(this.#supervisors.map((supervisor) => supervisor.attempted()));
  }

  /** Replaces the processes, one after the other. Rejects when a new one does not become ready; then its old one goes on serving. */
  restart(): Promise<void> {
    const restarted = this.#lastRestart.then(async () => {
      for (const supervisor of this.#supervisors) await supervisor.restart();
    });
    this.#lastRestart = restarted.catch(() => undefined);
    return restarted;
  }

  /** Changes how many there are; within the bounds. Resolves when all serve. Rejects when one did not start; it is tried again. */
  async scale(replicas: number): Promise<void> {
    this.#resize(replicas);
    const failure = await this.attempted();
    if (failure !== undefined) throw failure;
  }

  /** The replicas' own metrics, of those that answer. Never rejects. */
  async metrics(): Promise<readonly ReplicaMetrics[]> {
    const { name, replicas } = this.#wanted.backend;
    const read = async (supervisor: Supervisor): Promise<ReplicaMetrics[]> => {
      try {
        const families = await supervisor.metrics();
        return [{ replica: replicas.max > 1 ? supervisor.replica : undefined, families }];
      } catch (error) {
        this.#host.log.debug({ backend: name, reason: (error as Error).message }, "plugin metrics not read");
        return [];
      }
    };
    return (await Promise.all(this.#supervisors.map(read))).flat();
  }

  /** A process that serves. Throws PLUGIN_UNAVAILABLE while none does. */
  get serving(): PluginInstance {
    const instance = this.#supervisors.find(({ serving }) => serving !== undefined)?.serving;
    if (instance !== undefined) return instance;
    throw new GatewayError("PLUGIN_UNAVAILABLE", `Backend ${this.#wanted.backend.name} is ${this.#state}.`);
  }

  /** Ends the processes after the calls that they hold, or the grace. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#supervisors.map((supervisor) => supervisor.stop(graceMs)), ...this.#removing]);
  }

  /** Returns the new ones. The last ones go first. */
  #resize(replicas: number): readonly Supervisor[] {
    const removed = this.#supervisors.slice(replicas);
    const kept = this.#supervisors.slice(0, replicas);
    const added = Array.from({ length: replicas - kept.length }, (_, index) =>
      this.#supervisor(kept.length + index + 1),
    );
    this.#supervisors = [...kept, ...added];
    for (const supervisor of removed) {
      const stopped = supervisor.stop(this.#wanted.backend.drainTimeoutMs);
      this.#removing.add(stopped);
      void stopped.finally(() => this.#removing.delete(stopped));
    }
    this.#changed();
    return added;
  }

  #supervisor(replica: number): Supervisor {
    return new Supervisor(this.#wanted, {
      host: this.#host,
      link: this.#link,
      replica,
      onChange: () => this.#changed(),
      othersServe: () => this.#others(replica).length > 0,
      mayServe: (instance) => this.#mayServe(replica, instance),
    });
  }

  /** Throws when the process would answer calls worse than those that serve already. */
  #mayServe(replica: number, instance: PluginInstance): void {
    const others = this.#others(replica);
    for (const namespace of this.#wanted.namespaces.keys()) {
      const binding = instance.bindings.state(namespace);
      if (binding === undefined || binding.state === "bound" || others.length === 0) continue;
      if (others.some((other) => other.binding(namespace).state !== "bound")) continue;
      throw new Error(
        `namespace ${JSON.stringify(namespace)}, which other replicas serve, is not bound: ${binding.reason}`,
      );
    }
  }

  /** The other ones that serve. */
  #others(replica: number): readonly Supervisor[] {
    return this.#supervisors.filter((each) => each.serving !== undefined && each.replica !== replica);
  }

  #changed(): void {
    const states = this.#supervisors.map(({ state }) => state);
    const state = bestFirst.find((each) => states.includes(each)) ?? "exited";
    const { name } = this.#wanted.backend;
    if (state !== this.#state) this.#stateSinceMs = this.#host.now();
    this.#state = state;
    this.#host.metrics.pluginState(name, state);
    this.#host.metrics.replicaStates(name, states);
    this.#link.send({ type: "backend-state", backend: name, state });
    this.#onChange();
  }
}

async function firstFailure(tried: readonly Promise<Error | undefined>[]): Promise<Error | undefined> {
  return (await Promise.all(tried)).find((failure) => failure !== undefined);
}

/** What there is to say of the backend: of one with a single replica what that one says, of others which ones are not as it is. */
function detailOf(state: BackendState, replicas: readonly ReplicaView[]): string {
  if (replicas.length === 1) return replicas[0]!.detail;
  const remarkable = replicas.filter((replica) => replica.state !== state || replica.detail !== "");
  return remarkable
    .map(({ number, state: own, detail }) => `replica ${number} of ${replicas.length} ${own}${detail && `: ${detail}`}`)
    .join("; ");
}

function worstHealth(replicas: readonly ReplicaView[]): ReportedHealth {
  const known = replicas.map(({ health }) => health).filter(({ backend }) => backend !== BackendHealth.UNSPECIFIED);
  return known.find(({ backend }) => backend === BackendHealth.UNREACHABLE) ?? known[0] ?? unknownHealth;
}
