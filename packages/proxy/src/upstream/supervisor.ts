import { isDeepStrictEqual } from "node:util";
import type { pluginv1 } from "@prism-data/pattern-sdk/protocol";
import type { BackendConfig, NamespaceConfig } from "../config/config.js";
import type { BackendState } from "../messages.js";
import type { Logger } from "../telemetry/log.js";
import type { RestartReason } from "../telemetry/metrics.js";
import type { DataPathLink } from "./data-path-link.js";
import { type ReportedHealth, unknownHealth } from "./health-watch.js";
import type { BindingState, NamespaceBindings } from "./namespace-bindings.js";
import { type InstanceEnd, type PluginHost, PluginInstance } from "./plugin-instance.js";
import { cleanHistory, decideRestart, type ProcessEnd, type RestartHistory } from "./restart-policy.js";

/** What operators see of a replica: one of a backend's plugin processes. A snapshot. */
export interface ReplicaView {
  /** From 1. */
  readonly number: number;
  readonly state: BackendState;
  readonly detail: string;
  readonly stateSinceMs: number;
  readonly pid: number;
  readonly restarts: number;
  readonly health: ReportedHealth;
  readonly description: pluginv1.DescribeResponse | undefined;
}

/** What a backend should be: its plugin and settings, and the namespaces on it. */
export interface Wanted {
  readonly backend: BackendConfig;
  readonly namespaces: ReadonlyMap<string, NamespaceConfig>;
}

/** After a defect of supervision itself, in ms: long enough not to spin. */
const afterDefectMs = 1_000;

/**
 * How long a call that was sent may take to arrive at its plugin. Then the plugin is asked to drain, whatever it still holds: it knows
 * best which of its streams can end at once, and which must be told to.
 */
const arrivalMs = 1_000;

/** The longest time that `setTimeout` can wait. */
const timerMsMax = 2 ** 31 - 1;

/** How long the data path may take to connect to a plugin that is ready, in ms. */
const connectTimeoutMs = 5_000;

/** Why a second process of a plugin takes no calls that does not say that it may. */
const notReplicable =
  "the plugin does not say that several processes of it may serve one backend (replicable); set replicas: 1";

/** The plugin process that serves, and which wish it fulfils. */
interface Current {
  readonly instance: PluginInstance;
  readonly generation: number;
  readonly readyAtMs: number;
}

/** What a supervisor works with. */
export interface SupervisorParts {
  readonly host: PluginHost;
  readonly link: DataPathLink;
  /** Which of the backend's replicas it supervises, from 1. */
  readonly replica: number;
  readonly onChange: () => void;
  /** Whether other replicas of the backend take calls. */
  readonly othersServe: () => boolean;
  /** Throws when a process that is ready must not take calls all the same. */
  readonly mayServe: (instance: PluginInstance) => void;
}

/**
 * Keeps one of a backend's plugin processes running: starts it, starts it again when it ends, replaces it when its settings change
 * or an operator asks. One loop makes every decision; events only wake it. Nothing that goes wrong here leaves it.
 */
export class Supervisor {
  readonly replica: number;
  readonly #othersServe: SupervisorParts["othersServe"];
  readonly #mayServe: SupervisorParts["mayServe"];
  readonly #host: PluginHost;
  readonly #link: DataPathLink;
  readonly #onChange: () => void;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #leaving = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  #wanted: Wanted;
  /** Grows with every wish for another process. */
  #generation = 1;
  #obsolete = new AbortController();
  #attempted = Promise.withResolvers<Error | undefined>();
  #current: Current | undefined;
  /** Of the last process that was ready: namespaces stay bound while the next one starts. */
  #bindings: NamespaceBindings | undefined;
  #description: pluginv1.DescribeResponse | undefined;
  #history: RestartHistory = cleanHistory;
  #nextStartMs = 0;
  /** Why the process before ended or did not start; empty once one is ready. */
  #lastFailure = "";
  #restarts = 0;
  #restartReason: RestartReason | undefined;
  #state: { readonly name: BackendState; readonly detail: string; readonly sinceMs: number };
  #wake = Promise.withResolvers<void>();
  /** Given: the backend is being stopped. */
  #graceMs: number | undefined;

  constructor(wanted: Wanted, parts: SupervisorParts) {
    this.#wanted = wanted;
    this.replica = parts.replica;
    this.#othersServe = parts.othersServe;
    this.#mayServe = parts.mayServe;
    this.#host = parts.host;
    this.#link = parts.link;
    this.#onChange = parts.onChange;
    this.#log = parts.host.log.child({ backend: wanted.backend.name, replica: parts.replica });
    this.#state = { name: "exited", detail: "not started yet", sinceMs: parts.host.now() };
    this.#loop = this.#run();
  }

  get state(): BackendState {
    return this.#state.name;
  }

  view(): ReplicaView {
    const instance = this.#current?.instance;
    return {
      number: this.replica,
      state: this.#state.name,
      detail: this.#state.detail,
      stateSinceMs: this.#state.sinceMs,
      pid: instance?.pid ?? 0,
      restarts: this.#restarts,
      health: instance?.health ?? unknownHealth,
      description: this.#description,
    };
  }

  /** Whether a namespace is bound, or why not. It stays bound while its plugin is being started again. */
  binding(namespace: string): BindingState {
    const known = this.#bindings?.state(namespace);
    if (known !== undefined) return known;
    return { state: "pending", reason: `backend ${this.#name} is ${this.#state.name}` };
  }

  /** Changes what is wanted. Resolves when all of it was tried; with the reason when a process did not start. */
  async want(wanted: Wanted): Promise<Error | undefined> {
    const before = this.#wanted;
    this.#wanted = wanted;
    if (needsAnotherProcess(before.backend, wanted.backend)) return await this.#wantAnotherProcess();
    await this.#bindings?.want(wanted.namespaces);
    return undefined;
  }

  /** Resolves when the wanted process serves, or its first start failed since it was wanted or ended unasked; with the reason then. */
  attempted(): Promise<Error | undefined> {
    return this.#attempted.promise;
  }

  /** Replaces the process. Rejects when the new one does not become ready; then the old one goes on serving. */
  async restart(): Promise<void> {
    const servingGeneration = this.#current?.generation;
    const attempt = this.#wantAnotherProcess();
    const askedGeneration = this.#generation;
    const failure = await attempt;
    if (failure === undefined) return;
    // Nothing but the process was to change: there is no point in trying on while the old one serves.
    const stillServes = servingGeneration !== undefined && this.#current?.generation === servingGeneration;
    if (stillServes && this.#generation === askedGeneration) this.#generation = servingGeneration;
    throw failure;
  }

  /** The plugin's own metrics; none while it does not run. */
  async metrics(): Promise<readonly pluginv1.MetricFamily[]> {
    return (await this.#current?.instance.metrics()) ?? [];
  }

  /** The process that serves. `undefined`: none does. */
  get serving(): PluginInstance | undefined {
    return this.#current?.instance;
  }

  /** Ends the process after the calls that it holds, or the grace. */
  async stop(graceMs: number): Promise<void> {
    this.#graceMs = graceMs;
    this.#stopping.abort();
    this.#notify();
    await this.#loop;
    if (this.#current !== undefined) {
      const { instance } = this.#current;
      this.#current = undefined;
      this.#setState("draining", "the backend is being stopped");
      await this.#retire(instance, "the backend is being stopped", graceMs);
    }
    await Promise.all(this.#leaving);
    this.#setState("exited", "stopped");
    this.#attempted.resolve(new Error(`backend ${this.#name} was stopped`));
  }

  get #name(): string {
    return this.#wanted.backend.name;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const woken = this.#wake.promise;
      const waitMs = this.#untilNextStartMs();
      try {
        if (waitMs <= 0) await this.#attempt();
        else await sleep(waitMs, woken);
      } catch (error) {
        this.#log.error({ err: error }, "supervision failed unexpectedly; it goes on");
        this.#nextStartMs = this.#host.now() + afterDefectMs;
      }
    }
  }

  #untilNextStartMs(): number {
    if (this.#current?.generation === this.#generation) return Number.POSITIVE_INFINITY;
    return this.#nextStartMs - this.#host.now();
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #wantAnotherProcess(): Promise<Error | undefined> {
    this.#generation++;
    this.#history = cleanHistory;
    this.#nextStartMs = 0;
    this.#obsolete.abort();
    this.#obsolete = new AbortController();
    const before = this.#attempted;
    this.#attempted = Promise.withResolvers();
    before.resolve(this.#attempted.promise);
    this.#notify();
    return this.#attempted.promise;
  }

  async #attempt(): Promise<void> {
    const generation = this.#generation;
    const signal = AbortSignal.any([this.#stopping.signal, this.#obsolete.signal]);
    this.#countRestart();
    if (this.#current !== undefined) this.#setState("ready", "being replaced");
    else this.#setState("starting", this.#lastFailure === "" ? "" : `again, after this: ${this.#lastFailure}`);
    try {
      this.#promote(await this.#bringUp(signal), generation);
    } catch (error) {
      if (!signal.aborted) this.#startFailed(error as Error);
    }
  }

  /**
   * Starts a process, binds the namespaces and hands it to the data path. One that replaces another, or joins others, is handed over with
   * all of its namespaces; for one that calls wait for, each of them waits for its own namespace alone. When that fails, nothing is left
   * of it.
   */
  async #bringUp(signal: AbortSignal): Promise<PluginInstance> {
    const { backend } = this.#wanted;
    const id = this.#host.nextInstance();
    const instance = await PluginInstance.start({ id, backend, onChange: this.#onChange }, this.#host, signal);
    if (this.replica > 1 && !instance.description.replicable) {
      await this.#end(instance, notReplicable);
      throw new Error(notReplicable);
    }
    const address = { backend: backend.name, instance: id, replica: this.replica };
    const { bindings, endpoint } = instance;
    const tried = {
      all: bindings.want(this.#wanted.namespaces),
      one: (namespace: string) => bindings.tried(namespace),
    };
    try {
      if (this.#current !== undefined || this.#othersServe()) {
        await unlessEnded(instance, signal, tried.all);
        this.#mayServe(instance);
      }
      const connected = this.#link.connect(address, { endpoint, tried }, connectTimeoutMs);
      await unlessEnded(instance, signal, connected);
      await unlessEnded(instance, signal, tried.all);
      return instance;
    } catch (error) {
      // It may serve calls already.
      if (signal.aborted) this.#retireBeside(instance, "it is not wanted any more");
      else await this.#end(instance, (error as Error).message);
      throw error;
    }
  }

  #promote(instance: PluginInstance, generation: number): void {
    const old = this.#current?.instance;
    this.#current = { instance, generation, readyAtMs: this.#host.now() };
    this.#description = instance.description;
    this.#bindings = instance.bindings;
    this.#restartReason = undefined;
    this.#lastFailure = "";
    void instance.ended.then((end) => this.#ended(instance, end));
    // What was wanted may have changed while the process started.
    void instance.bindings.want(this.#wanted.namespaces);
    this.#setState("ready", "");
    if (generation === this.#generation) this.#attempted.resolve(undefined);
    if (old !== undefined) {
      this.#host.metrics.pluginRestarted(this.#name, "replaced");
      this.#retireBeside(old, "it is being replaced");
    }
  }

  /** Ends a process whose calls are lost. */
  async #end(instance: PluginInstance, detail: string): Promise<void> {
    instance.kill();
    this.#link.send({ type: "backend-gone", backend: this.#name, instance: instance.id, reason: "crashed", detail });
    await instance.gone;
  }

  #startFailed(error: Error): void {
    this.#log.error({ reason: error.message }, "plugin did not start");
    this.#scheduleRestart({ phase: "starting" }, "start_failed", error.message);
    this.#attempted.resolve(error);
  }

  #ended(instance: PluginInstance, end: InstanceEnd): void {
    if (this.#current?.instance !== instance) return;
    const servedMs = this.#host.now() - this.#current.readyAtMs;
    this.#current = undefined;
    this.#leave(instance.gone);
    this.#attempted = Promise.withResolvers();
    const { detail, killed } = end;
    this.#log.error({ instance: instance.id, servedMs, reason: detail }, "plugin ended unasked");
    this.#link.send({ type: "backend-gone", backend: this.#name, instance: instance.id, reason: "crashed", detail });
    const reason = end.why === "unresponsive" ? "unresponsive" : "crashed";
    this.#scheduleRestart({ phase: "ready", servedMs, killed }, reason, detail);
    this.#notify();
  }

  #scheduleRestart(end: ProcessEnd, reason: RestartReason, detail: string): void {
    const nowMs = this.#host.now();
    const decision = decideRestart(this.#history, end, nowMs, this.#host.random);
    this.#history = decision.history;
    this.#nextStartMs = nowMs + decision.delayMs;
    this.#restartReason = reason;
    this.#lastFailure = detail;
    if (this.#current !== undefined) this.#setState("ready", `its replacement did not start: ${detail}`);
    else this.#setState(decision.crashLoop ? "crash_loop" : "exited", detail);
  }

  #countRestart(): void {
    if (this.#restartReason === undefined) return;
    this.#restarts++;
    this.#host.metrics.pluginRestarted(this.#name, this.#restartReason);
    this.#restartReason = undefined;
  }

  /** Ends a process while the next one is started or serves. */
  #retireBeside(instance: PluginInstance, detail: string): void {
    this.#leave(this.#retire(instance, detail, this.#graceMs ?? this.#wanted.backend.drainTimeoutMs));
  }

  /** Goes on while something still ends; `stop` waits for it. */
  #leave(ending: Promise<void>): void {
    this.#leaving.add(ending);
    void ending.finally(() => this.#leaving.delete(ending));
  }

  /** Ends a process that is not the current one any more. Never rejects. */
  async #retire(instance: PluginInstance, detail: string, graceMs: number): Promise<void> {
    const address = { backend: this.#name, instance: instance.id };
    const startedMs = this.#host.now();
    try {
      await this.#link.release(address, detail, Math.min(graceMs, arrivalMs));
      await instance.retire(Math.max(0, graceMs - (this.#host.now() - startedMs)));
    } catch (error) {
      this.#log.error({ err: error, instance: instance.id }, "plugin not retired as it should be; it is ended");
      instance.kill();
    }
    this.#link.send({ type: "backend-gone", ...address, reason: "stopped", detail });
  }

  #setState(name: BackendState, detail: string): void {
    const isNew = this.#state.name !== name;
    this.#state = { name, detail, sinceMs: isNew ? this.#host.now() : this.#state.sinceMs };
    this.#log[isNew ? "info" : "debug"]({ state: name, detail }, "plugin state");
    this.#onChange();
  }
}

/** A process is bound to its program and settings; deadlines apply from the next start or drain on. */
function needsAnotherProcess(before: BackendConfig, after: BackendConfig): boolean {
  const sameProgram = isDeepStrictEqual(before.program, after.program);
  return !sameProgram || !before.settings.equals(after.settings);
}

/** The work's result, unless the instance ends or the signal is aborted first. */
async function unlessEnded<T>(instance: PluginInstance, signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(new Error("not wanted any more"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const ended = instance.ended.then(({ detail }): never => {
    throw new Error(`the plugin ended before it served: ${detail}`);
  });
  try {
    return await Promise.race([work, aborted.promise, ended]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    // Whoever lost the race may still fail; that is no news any more.
    for (const loser of [work, ended]) loser.catch(() => undefined);
  }
}

/** Waits for a time, at most as long as a timer can, or until woken. */
async function sleep(waitMs: number, woken: Promise<void>): Promise<void> {
  const elapsed = Promise.withResolvers<void>();
  const timer = setTimeout(elapsed.resolve, Math.min(waitMs, timerMsMax));
  await Promise.race([woken, elapsed.promise]);
  clearTimeout(timer);
}
