import type { ControlStateLocation, StoredNamespace } from "@prism-data/control-state";
import { GatewayError, type Reason } from "@prism-data/pattern-sdk/protocol";
import type { Config } from "../config/config.js";
import type { JsonMap } from "../config/settings.js";
import { settledWithin } from "../settled-within.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import type { BackendFailure, Backends, NamespaceView } from "../upstream/backends.js";
import { ControlStore } from "./control-store.js";
import { ConfigMerger, type EffectiveConfig } from "./effective-config.js";
import { NamespaceDeclarations } from "./namespace-declarations.js";
import { NamespacePurge } from "./namespace-purge.js";
import { placeInFile } from "./place-in-file.js";
import { deletedRecord, refusedRecord } from "./unserved-record.js";

/** What a plugin says that was asked and cannot make a namespace as declared. */
const refusals: readonly Reason[] = [
  "BACKEND_FAILED",
  "CAPABILITY_MISSING",
  "DURABILITY_MISSING",
  "INVALID_SETTINGS",
  "NAMESPACE_UNAVAILABLE",
];

/** How long the start waits for a store that does not answer, in ms. Then the file's namespaces are served, and the others when it does. */
const firstReadWithinMs = 2_000;

/** How long the answer to a change of a backend waits for what comes of it, in ms. */
const switchedWithinMs = 5_000;

/** What operators see of a namespace, whoever declares it. A snapshot. */
export interface NamespaceRecord extends Omit<NamespaceView, "state"> {
  readonly state: NamespaceView["state"] | "deleted";
  readonly declaration: JsonMap;
  /** `undefined`: the file declares it. */
  readonly stored: StoredNamespace | undefined;
}

/** How the control state is. A snapshot. */
export interface ControlStatus {
  readonly place: string;
  /** Why the store cannot be used. `undefined`: it can. */
  readonly problem: string | undefined;
  /** Names that the file and the control state declare. */
  readonly conflicts: readonly string[];
  /** How many namespaces it declares, deleted ones left out. */
  readonly declared: number;
}

/** The namespaces of the file and those that were declared over the admin API, side by side. */
export class DeclaredNamespaces implements AsyncDisposable {
  readonly changes: NamespaceDeclarations;
  readonly #backends: Backends;
  readonly #log: Logger;
  readonly #store: ControlStore;
  readonly #merger = new ConfigMerger();
  readonly #purge: NamespacePurge;
  #file: Config;
  #effective: EffectiveConfig;
  #applied: { readonly file: Config; readonly revision: string };
  #applying: Promise<readonly BackendFailure[]> = Promise.resolve([]);
  #isStarted = false;

  constructor(
    file: Config,
    parts: {
      readonly location: ControlStateLocation;
      readonly backends: Backends;
      readonly metrics: Metrics;
      readonly log: Logger;
      /** Epoch ms. */
      now(): number;
    },
  ) {
    const { location, backends, metrics, log, now } = parts;
    this.#file = file;
    this.#effective = { config: file, conflicts: [], refused: new Map() };
    this.#applied = { file, revision: "" };
    this.#backends = backends;
    this.#log = log;
    const store = new ControlStore({
      location,
      log,
      now,
      onChange: () => void this.#reconcile(),
      onReachable: (isReachable) => metrics.controlStateReachable(isReachable),
    });
    this.#store = store;
    this.#purge = new NamespacePurge({
      store,
      log,
      now,
      isInFile: (name) => this.#file.namespaces.has(name),
      deleteData: (namespace) => backends.deleteData(namespace),
    });
    this.changes = new NamespaceDeclarations({
      store,
      now,
      fileConfig: () => this.#file,
      takeEffect: () => this.#reconcile(),
    });
  }

  get status(): ControlStatus {
    const { place, problem, snapshot } = this.#store;
    const declared = snapshot.namespaces.filter(({ deletion }) => deletion === undefined).length;
    return { place, problem, declared, conflicts: this.#effective.conflicts };
  }

  /** What serves: what the file declares, and beside it what the control state has. */
  get config(): Config {
    return this.#effective.config;
  }

  /** Makes real what is stored; what is out of service is not started. Never rejects. */
  async start(): Promise<void> {
    await settledWithin(this.#store.firstRead, firstReadWithinMs);
    this.#isStarted = true;
    await this.#reconcile();
  }

  /** Changes to another file's configuration. Resolves with the backends that failed when all was tried. */
  async useFile(file: Config): Promise<readonly BackendFailure[]> {
    this.#file = file;
    return await this.#reconcile();
  }

  /** Takes a backend out of service. Resolves when its process has ended, or after a while. Throws CONTROL_STATE_UNAVAILABLE. */
  async disableBackend(name: string, reason: string): Promise<void> {
    await this.#store.switchBackend(name, { reason });
    this.#log.info({ backend: name, reason }, "backend disabled by an operator");
    const ended = this.#reconcile().then(() => this.#backends.stopped(name));
    await settledWithin(ended, switchedWithinMs);
  }

  /** Takes a backend back into service. Resolves when its first start was tried, or after a while. Throws CONTROL_STATE_UNAVAILABLE. */
  async enableBackend(name: string): Promise<void> {
    await this.#store.switchBackend(name, undefined);
    this.#log.info({ backend: name }, "backend enabled by an operator");
    await settledWithin(this.#reconcile(), switchedWithinMs);
  }

  /** All of them, in the order of their names; those that are deleted when asked for. */
  list({ showDeleted }: { readonly showDeleted: boolean }): readonly NamespaceRecord[] {
    const stored = new Map(this.#store.snapshot.namespaces.map((one) => [one.name, one]));
    const served = this.#backends.listNamespaces().map((view) => this.#served(view, stored.get(view.name)));
    const others = [...stored.values()].flatMap((one) => this.#unserved(one) ?? []);
    const shown = others.filter(({ state }) => showDeleted || state !== "deleted");
    return [...served, ...shown].sort((left, right) => (left.name < right.name ? -1 : Number(left.name > right.name)));
  }

  /** One of them, also when it is deleted. `undefined`: there is none. */
  find(name: string): NamespaceRecord | undefined {
    const stored = this.#store.snapshot.namespaces.find((one) => one.name === name);
    const view = this.#backends.findNamespace(name);
    if (view !== undefined) return this.#served(view, stored);
    return stored && this.#unserved(stored);
  }

  /** What the backend would have to change to be as declared, or why it cannot be. Throws `GatewayError` when it cannot be asked. */
  async compare(name: string): Promise<readonly string[]> {
    const namespace = this.#effective.config.namespaces.get(name);
    if (namespace === undefined) return [];
    try {
      return await this.#backends.plan(namespace);
    } catch (error) {
      if (!(error instanceof GatewayError) || !refusals.includes(error.reason)) throw error;
      return [`cannot be as declared: ${error.message}`];
    }
  }

  /** Where it is declared, for people. */
  async placeOf({ name, stored }: NamespaceRecord): Promise<string> {
    return stored === undefined ? await placeInFile(this.#file.file, name) : this.#store.place;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStarted = false;
    this.#purge[Symbol.dispose]();
    await this.#store[Symbol.asyncDispose]();
  }

  #reconcile(): Promise<readonly BackendFailure[]> {
    const file = this.#file;
    const { snapshot } = this.#store;
    const { revision } = snapshot;
    const isApplied = file === this.#applied.file && revision === this.#applied.revision;
    if (!this.#isStarted || isApplied) return this.#applying;
    this.#applied = { file, revision };
    const before = this.#effective;
    this.#effective = this.#merger.merge(file, snapshot);
    this.#tell(before);
    void this.#purge.run();
    if (this.#effective.config !== before.config) this.#applying = this.#backends.apply(this.#effective.config);
    return this.#applying;
  }

  #tell(before: EffectiveConfig): void {
    const { conflicts, refused } = this.#effective;
    for (const namespace of conflicts.filter((name) => !before.conflicts.includes(name))) {
      this.#log.warn({ namespace }, "namespace declared in the file and over the admin API; the file's serves");
    }
    for (const [namespace, reason] of refused) {
      if (before.refused.get(namespace) !== reason) this.#log.warn({ namespace, reason }, "declaration not readable");
    }
  }

  #served(view: NamespaceView, stored: StoredNamespace | undefined): NamespaceRecord {
    const { name } = view;
    const ofFile = this.#file.namespaces.get(name);
    if (ofFile !== undefined || stored === undefined) {
      return { ...view, declaration: ofFile?.declaration ?? {}, stored: undefined };
    }
    return { ...view, declaration: stored.entry, stored };
  }

  /** `undefined`: it is served, or the file's is. */
  #unserved(stored: StoredNamespace): NamespaceRecord | undefined {
    const { name, deletion } = stored;
    const refused = this.#effective.refused.get(name);
    if (this.#file.namespaces.has(name) || (deletion === undefined && refused === undefined)) return undefined;
    return deletion === undefined ? refusedRecord(stored, refused ?? "") : deletedRecord(stored);
  }
}
