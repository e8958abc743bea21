import { GatewayError, type stream } from "@prism-data/pattern-sdk/protocol";
import type { BackendConfig, Config, NamespaceConfig } from "../config/config.js";
import type { RouteTable } from "../messages.js";
import type { DataPathLink } from "./data-path-link.js";
import { disabledBinding, disabledError, disabledView } from "./disabled-backend.js";
import type { BindingState } from "./namespace-bindings.js";
import type { PluginHost, PluginInstance } from "./plugin-instance.js";
import { type BackendView, type ReplicaMetrics, Replicas } from "./replicas.js";
import { buildRoutes, type ServiceState, sameRoutes, serviceStateOf } from "./routes.js";

/** What operators see of a namespace. A snapshot. */
export interface NamespaceView {
  readonly name: string;
  readonly pattern: string;
  readonly backend: string;
  readonly state: BindingState["state"];
  readonly detail: string;
  readonly capabilities: readonly string[];
}

/** What operators see of a service that is routed whole. A snapshot. */
export interface ServiceView {
  readonly name: string;
  readonly state: ServiceState;
  readonly detail: string;
}

/** A backend whose process could not be started or replaced. */
export interface BackendFailure {
  readonly backend: string;
  readonly reason: string;
}

/** What is published again only after a rest may take this part of the time: thousands of namespaces may change one after the other. */
const publishingShareMax = 0.1;

/** A rest that is shorter than a timer can be is none, in ms. */
const publishingRestMinMs = 1;

/** All configured backends: the replicas of each, and the routes that lead to them. */
export class Backends {
  readonly #host: PluginHost;
  readonly #link: DataPathLink;
  readonly #replicas = new Map<string, Replicas>();
  /** Those that are not wanted any more, until their last process has ended. */
  readonly #stopping = new Map<string, Promise<void>>();
  readonly #moving = new Map<string, NamespaceConfig>();
  #config: Config;
  #routes: RouteTable | undefined;
  #routesGeneration = 0;
  #publishing = false;
  #nextPublishingMs = 0;

  constructor(config: Config, parts: { host: PluginHost; link: DataPathLink }) {
    this.#config = config;
    this.#host = parts.host;
    this.#link = parts.link;
  }

  /** Starts all plugins that do not run. Resolves when each serves or its first start failed. Never rejects. */
  async start(): Promise<void> {
    for (const [name, backend] of this.#config.backends) if (!this.#replicas.has(name)) this.#add(backend);
    for (const name of this.#config.disabledBackends.keys()) this.#setAside(name);
    this.#publish();
    await Promise.all([...this.#replicas.values()].map((replicas) => replicas.attempted()));
    this.#publish();
  }

  /**
   * Changes to another configuration. What did not change is not touched. A namespace that moves to another backend goes on
   * being served by the old one until the new one has it. Resolves with the backends that failed when all was tried. May be called
   * again before that: the last configuration is what becomes of it.
   */
  async apply(next: Config): Promise<readonly BackendFailure[]> {
    const moving = this.#markMoving(next);
    this.#config = next;
    const tried = [...next.backends.values()].map(async (backend) => {
      const failure = await this.#want(backend.name);
      return failure === undefined ? [] : [{ backend: backend.name, reason: failure.message }];
    });
    this.#publish();
    const failures = (await Promise.all(tried)).flat();
    await this.#settle(moving);
    return failures;
  }

  /** Resolves when nothing runs of a backend that is not wanted any more. */
  async stopped(name: string): Promise<void> {
    await this.#stopping.get(name);
  }

  /** Replaces the plugin processes of a backend, one after the other. Rejects when a new one does not become ready. */
  async restart(name: string): Promise<void> {
    this.#refuseDisabled(name);
    await this.#replicas.get(name)?.restart();
    this.#publish();
  }

  /** Changes how many plugin processes a backend has; within its bounds. Rejects when a new one does not become ready. */
  async scale(name: string, replicas: number): Promise<void> {
    this.#refuseDisabled(name);
    await this.#replicas.get(name)?.scale(replicas);
  }

  /** What it runs on. */
  get config(): Config {
    return this.#config;
  }

  /** In the order of their names. */
  list(): readonly BackendView[] {
    const { disabledBackends } = this.#config;
    const others = [...this.#replicas.values()].map((replicas) => replicas.view());
    const inService = others.filter(({ name }) => !disabledBackends.has(name));
    return [...inService, ...[...disabledBackends.values()].map(disabledView)].sort(byName);
  }

  /** In the order of their names. */
  listNamespaces(): readonly NamespaceView[] {
    const states = new Map(this.list().map((view) => [view.name, view]));
    return [...this.#config.namespaces.values()]
      .map((namespace) => this.#viewOf(namespace, states.get(namespace.backend)))
      .sort(byName);
  }

  /** One of them. `undefined`: there is none of this name. */
  findNamespace(name: string): NamespaceView | undefined {
    const namespace = this.#config.namespaces.get(name);
    return namespace && this.#viewOf(namespace, this.#replicas.get(namespace.backend)?.view());
  }

  /** What binding a namespace would make or change on its backend, one line each. Throws `GatewayError`. */
  async plan(namespace: NamespaceConfig): Promise<readonly string[]> {
    return await this.#serving(namespace).plan(namespace);
  }

  /** What a stream that is bound holds, and how far a group has come; no group: empty. Throws. */
  async describeStream(namespace: NamespaceConfig, group: string): Promise<stream.DescribeResponse> {
    return await this.#serving(namespace).describeStream(namespace.name, group);
  }

  /** Removes the data of a namespace that the configuration does not have; says what was removed. Throws `GatewayError`. */
  async deleteData(namespace: NamespaceConfig): Promise<readonly string[]> {
    return await this.#serving(namespace).deleteData(namespace);
  }

  /** In the order of their names. */
  listServices(): readonly ServiceView[] {
    return [...this.#config.services]
      .map(([name, { backend }]) => serviceView(name, backend, this.#replicas.get(backend)?.view().description))
      .sort(byName);
  }

  /** The metrics of the plugins that answer. */
  async metrics(): Promise<ReadonlyMap<string, readonly ReplicaMetrics[]>> {
    const reads = [...this.#replicas].map(async ([name, replicas]) => [name, await replicas.metrics()] as const);
    return new Map(await Promise.all(reads));
  }

  /** What namespaces of a backend hold, in bytes; those left out that cannot be counted now. Rejects when its plugin does not answer. */
  async storageBytes(backend: string, namespaces: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return (await this.#replicas.get(backend)?.serving.storageBytes(namespaces)) ?? new Map();
  }

  /** Ends all plugin processes. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([...this.#replicas.values()].map((replicas) => replicas.stop(graceMs)));
    await Promise.all(this.#stopping.values());
  }

  #serving({ backend }: NamespaceConfig): PluginInstance {
    const replicas = this.#replicas.get(backend);
    if (replicas !== undefined) return replicas.serving;
    this.#refuseDisabled(backend);
    throw new GatewayError("PLUGIN_UNAVAILABLE", `Backend ${backend} is not configured.`);
  }

  #refuseDisabled(backend: string): void {
    const disabled = this.#config.disabledBackends.get(backend);
    if (disabled !== undefined) throw disabledError(disabled);
  }

  /** Resolves when all of it was tried; with the reason when a process did not start. */
  async #want(name: string): Promise<Error | undefined> {
    const stopping = this.#stopping.get(name);
    // A backend that comes back while it ends begins anew after that: the data path knows its state by its name.
    if (stopping !== undefined) return await stopping.then(() => this.#want(name));
    const backend = this.#config.backends.get(name);
    if (backend === undefined) return undefined;
    const wanted = { backend, namespaces: this.#namespacesOn(name) };
    return await (this.#replicas.get(name)?.want(wanted) ?? this.#add(backend).attempted());
  }

  #add(backend: BackendConfig): Replicas {
    const replicas = new Replicas(
      { backend, namespaces: this.#namespacesOn(backend.name) },
      { host: this.#host, link: this.#link, onChange: () => this.#publishSoon() },
    );
    this.#replicas.set(backend.name, replicas);
    return replicas;
  }

  /** Those that belong there, and those that are moving away. */
  #namespacesOn(backend: string): ReadonlyMap<string, NamespaceConfig> {
    const all = [...this.#config.namespaces.values(), ...this.#moving.values()];
    return new Map(all.filter((namespace) => namespace.backend === backend).map((found) => [found.name, found]));
  }

  /** Those that move, as they were. */
  #markMoving(next: Config): readonly NamespaceConfig[] {
    const moving: NamespaceConfig[] = [];
    for (const { name, backend } of next.namespaces.values()) {
      const before = this.#config.namespaces.get(name);
      if (before === undefined || before.backend === backend) continue;
      if (this.#replicas.get(before.backend)?.binding(name).state !== "bound") continue;
      this.#moving.set(name, before);
      moving.push(before);
    }
    return moving;
  }

  /** Ends what the configuration does not have any more. */
  async #settle(moved: readonly NamespaceConfig[]): Promise<void> {
    for (const before of moved) if (this.#moving.get(before.name) === before) this.#moving.delete(before.name);
    this.#publish();
    for (const name of this.#config.backends.keys()) await this.#want(name);
    for (const [name, replicas] of this.#replicas) {
      if (this.#config.backends.has(name)) continue;
      this.#replicas.delete(name);
      const stopped = replicas.stop(this.#config.shutdownGraceMs).finally(() => {
        this.#stopping.delete(name);
        this.#setAside(name);
      });
      this.#stopping.set(name, stopped);
    }
  }

  /** Nothing runs of it any more. */
  #setAside(name: string): void {
    if (this.#replicas.has(name)) return;
    if (!this.#config.disabledBackends.has(name)) {
      this.#host.metrics.pluginRemoved(name);
      return;
    }
    this.#host.metrics.pluginState(name, "disabled");
    this.#link.send({ type: "backend-state", backend: name, state: "disabled" });
  }

  #bindingOn(backend: string, namespace: string): BindingState {
    const disabled = this.#config.disabledBackends.get(backend);
    if (disabled !== undefined) return disabledBinding(disabled);
    const known = this.#replicas.get(backend)?.binding(namespace);
    if (known !== undefined) return known;
    if (this.#config.backends.has(backend))
      return { state: "pending", reason: `backend ${backend} is not started yet` };
    return { state: "failed", reason: `backend ${backend} is not configured` };
  }

  #viewOf({ name, pattern, backend }: NamespaceConfig, on: BackendView | undefined): NamespaceView {
    const binding = this.#bindingOn(backend, name);
    if (binding.state === "bound" && on?.state === "ready") {
      return { name, pattern, backend, state: "bound", detail: "", capabilities: binding.capabilities };
    }
    const backendState = `backend ${backend} is ${on?.state ?? "not there"}`;
    const [state, detail] =
      binding.state === "bound"
        ? (["pending", backendState] as const)
        : ([binding.state, withReason(binding)] as const);
    return { name, pattern, backend, state, detail, capabilities: [] };
  }

  #publishSoon(): void {
    if (this.#publishing) return;
    this.#publishing = true;
    const publish = () => {
      this.#publishing = false;
      this.#publish();
    };
    const restMs = this.#nextPublishingMs - this.#host.now();
    if (restMs < publishingRestMinMs) queueMicrotask(publish);
    else setTimeout(publish, restMs).unref();
  }

  /** Sends the routing table when it has changed. */
  #publish(): void {
    const startedMs = this.#host.now();
    this.#sendChangedRoutes();
    const endedMs = this.#host.now();
    this.#nextPublishingMs = endedMs + (endedMs - startedMs) / publishingShareMax;
  }

  #sendChangedRoutes(): void {
    const routes = buildRoutes(this.#config, {
      binding: (backend, namespace) => this.#bindingOn(backend, namespace),
      description: (backend) => this.#replicas.get(backend)?.view().description,
      moving: this.#moving,
      before: this.#routes,
    });
    if (this.#routes !== undefined && sameRoutes(this.#routes, routes)) return;
    this.#routes = routes;
    this.#link.send({ type: "routes", generation: ++this.#routesGeneration, routes });
  }
}

/** With the reason that docs/errors.md explains, where there is one. */
function withReason({ refusedAs, reason }: BindingState & { readonly state: "pending" | "failed" }): string {
  return refusedAs === undefined ? reason : `${refusedAs}: ${reason}`;
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : Number(left.name > right.name);
}

function serviceView(name: string, backend: string, description: BackendView["description"]): ServiceView {
  const state = serviceStateOf(name, description);
  if (state === "served") return { name, state, detail: "" };
  if (state === "pending") return { name, state, detail: `the plugin of backend ${backend} has not started yet` };
  const offered = description?.services.join(", ") || "no service of its own";
  return { name, state, detail: `the plugin of backend ${backend} offers ${offered}` };
}
