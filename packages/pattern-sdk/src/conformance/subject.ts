import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { GrpcClient, HeaderList } from "@prism-data/transport";
import type { Durability } from "../durability.js";
import type { PatternKind } from "../patterns/pattern-kind.js";
import { noSizeLimits, type SizeLimits } from "../patterns/size-limits.js";
import type { PluginDefinition } from "../plugin.js";
import type { BindResponse, DescribeResponse } from "../protocol/gen/prism/plugin/v1/plugin.js";
import { PluginClient } from "../protocol/plugin-client.js";
import { wireDurability } from "../protocol/wire-durability.js";
import { wireSizeLimits } from "../protocol/wire-size-limits.js";
import { eventuallyMs } from "./eventually.js";
import type { BackendPlace, Drift } from "./every-pattern/drift.js";
import type { PatternClient } from "./pattern-client.js";
import { type PluginInstance, spawnPlugin, startInProcess } from "./plugin-instance.js";

/** How long Configure, Bind and Unbind may take on a real backend. */
const controlTimeoutMs = 20_000;

/** How many namespaces are removed side by side: enough to be quick, and no burden for the backend. */
const removalsAtOnceMax = 16;

/** Where a plugin runs while it is tested. `replicas`: how many processes of it share the backend, and the calls. */
export type Placement =
  | { readonly kind: "in-process" }
  | { readonly kind: "spawned"; readonly entry: string; readonly replicas: number };

/** A way to one process of the plugin. */
export interface SubjectConnection {
  readonly client: GrpcClient;
  /** The headers that let a call in. */
  readonly authorization: HeaderList;
}

/** What an operator would write as a map. */
type Written = Readonly<Record<string, unknown>>;

export interface SubjectOptions {
  readonly plugin: PluginDefinition;
  readonly placement: Placement;
  /** What the operator would write under `settings`. */
  readonly settings: Written;
  /** What the operator would write under the `options` of a namespace. Default: nothing. */
  readonly options?: Written | undefined;
  /** How long the data system may take for what it does by itself, in ms. Default: 10 s. */
  readonly backgroundMs?: number | undefined;
  /** What somebody may do by hand to its namespaces. Default: nothing. */
  readonly drifts?: readonly Drift[] | undefined;
}

/** What is asked of a binding besides its name. */
export interface BindOptions {
  /** Default: everything that the plugin has. */
  readonly needs?: readonly string[];
  /** Default: those of the subject. */
  readonly options?: Written;
  /** Default: anything goes. */
  readonly durability?: Durability;
  /** Default: as the pattern allows. */
  readonly sizeLimits?: SizeLimits;
}

/** A plugin that runs and waits to be configured. */
export interface StartedPlugin {
  readonly options: SubjectOptions;
  readonly dir: string;
  readonly instances: readonly PluginInstance[];
  readonly description: DescribeResponse;
}

/**
 * One pattern of the plugin under test: started, configured, and reached over its socket. Cases share it, each with namespaces
 * of its own. Each pattern has a subclass, which says the pattern and makes the typed client.
 */
export abstract class Subject<Client extends PatternClient = PatternClient> {
  abstract readonly kind: PatternKind;
  readonly definition: PluginDefinition;
  readonly description: DescribeResponse;
  readonly #options: SubjectOptions;
  readonly #dir: string;
  readonly #bound = new Map<string, BindOptions>();
  #instances: readonly PluginInstance[];
  #starts = 1;
  #names = 0;
  #turns = 0;

  constructor({ options, dir, instances, description }: StartedPlugin) {
    this.#options = options;
    this.#dir = dir;
    this.#instances = instances;
    this.definition = options.plugin;
    this.description = description;
  }

  /** Starts the plugin and configures it. Who starts it stops it. */
  static async start<S extends Subject>(this: new (started: StartedPlugin) => S, options: SubjectOptions): Promise<S> {
    const dir = await mkdtemp(join(tmpdir(), "prism-"));
    let instances: readonly PluginInstance[] = [];
    try {
      instances = await launch(options, join(dir, "1"));
      const description = await control(instances[0]!).describe({}, { timeoutMs: controlTimeoutMs });
      const subject = new this({ options, dir, instances, description });
      await subject.#configure();
      return subject;
    } catch (error) {
      for (const instance of instances) await instance.kill();
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** A client of a namespace, bound or not. */
  abstract clientOf(name: string): Client;

  /** Where the next call goes: to each process in turn. For calls that the typed client cannot make. */
  get connection(): SubjectConnection {
    const { client, token } = this.#instances[this.#turns++ % this.#instances.length]!;
    return { client, authorization: token === undefined ? [] : ["authorization", `Bearer ${token}`] };
  }

  /** How long to wait for what the data system does by itself, such as deleting what is too old. */
  get backgroundMs(): number {
    return this.#options.backgroundMs ?? eventuallyMs;
  }

  /** What somebody may do by hand to namespaces. */
  get drifts(): readonly Drift[] {
    return this.#options.drifts ?? [];
  }

  /** Where the backend is. */
  get backend(): BackendPlace {
    return { settings: this.#options.settings, workingDir: this.#dir };
  }

  /** A name that no namespace had before, in this run or another, of 1 to 40 characters. */
  freshName(): string {
    this.#names++;
    return `case-${randomBytes(6).toString("hex")}-${this.#names}`;
  }

  /** Binds a namespace, a new one unless `name` says which, and returns its client. */
  async namespace({
    name = this.freshName(),
    ...asked
  }: BindOptions & { readonly name?: string } = {}): Promise<Client> {
    await this.bind(name, asked);
    return this.clientOf(name);
  }

  async bind(
    namespace: string,
    { planOnly = false, ...asked }: BindOptions & { readonly planOnly?: boolean } = {},
  ): Promise<BindResponse> {
    const { needs, options = this.#options.options, durability, sizeLimits = noSizeLimits } = asked;
    const request = {
      namespace,
      pattern: this.kind.name,
      needs: [...(needs ?? [])],
      needsGiven: needs !== undefined,
      planOnly,
      durability: wireDurability(durability),
      sizeLimits: wireSizeLimits(sizeLimits),
      options: options && { ...options },
    };
    const [first, ...others] = this.#instances;
    const response = await control(first!).bind(request, { timeoutMs: controlTimeoutMs });
    if (planOnly) return response;
    for (const other of others) await control(other).bind(request, { timeoutMs: controlTimeoutMs });
    this.#bound.set(namespace, asked);
    return response;
  }

  /** Whether the plugin says what namespaces of this pattern hold. */
  get countsStorage(): boolean {
    const { patterns } = this.definition;
    return patterns[this.kind.name as keyof typeof patterns]?.countsStorage ?? false;
  }

  /** What the plugin says that namespaces hold. */
  async storageBytes(...namespaces: readonly string[]): Promise<Readonly<Record<string, bigint>>> {
    const { storageBytes } = await control(this.#instances[0]!).usage(
      { namespaces: [...namespaces] },
      { timeoutMs: controlTimeoutMs },
    );
    return storageBytes;
  }

  async unbind(namespace: string, { deleteData = false }: { readonly deleteData?: boolean } = {}): Promise<void> {
    const request = { namespace, pattern: this.kind.name, deleteData: false };
    const [first, ...others] = this.#instances;
    for (const other of others) await control(other).unbind(request, { timeoutMs: controlTimeoutMs });
    await control(first!).unbind({ ...request, deleteData }, { timeoutMs: controlTimeoutMs });
    if (deleteData) this.#bound.delete(namespace);
  }

  /** Kills the plugin without notice, starts it again after a while with the same settings, and binds what was bound. */
  async restart({ afterMs = 0 }: { readonly afterMs?: number } = {}): Promise<void> {
    for (const instance of this.#instances) await instance.kill();
    await pause(afterMs);
    this.#starts++;
    this.#instances = await launch(this.#options, join(this.#dir, String(this.#starts)));
    await this.#configure();
    for (const [name, asked] of this.#bound) await this.bind(name, asked);
  }

  /** Removes what the cases left on the backend, and ends the plugin. */
  async stop(): Promise<void> {
    try {
      await this.#removeNamespaces();
    } finally {
      for (const instance of this.#instances) await instance.stop();
      await rm(this.#dir, { recursive: true, force: true });
    }
  }

  async #removeNamespaces(): Promise<void> {
    const names = [...this.#bound.keys()];
    for (let start = 0; start < names.length; start += removalsAtOnceMax) {
      const some = names.slice(start, start + removalsAtOnceMax);
      await Promise.all(some.map((name) => this.unbind(name, { deleteData: true })));
    }
  }

  async #configure(): Promise<void> {
    const dirs = { dataDir: join(this.#dir, "data"), workingDir: this.#dir };
    const request = { backend: "under-test", settings: { ...this.#options.settings }, ...dirs };
    for (const instance of this.#instances) {
      await control(instance).configure(request, { timeoutMs: controlTimeoutMs });
    }
  }
}

/** All processes, or none: one that does not start ends the others. */
async function launch({ plugin, placement }: SubjectOptions, socketPath: string): Promise<readonly PluginInstance[]> {
  if (placement.kind === "in-process") return [await startInProcess(plugin, socketPath)];
  const instances: PluginInstance[] = [];
  try {
    while (instances.length < placement.replicas) {
      instances.push(await spawnPlugin(placement.entry, `${socketPath}-${instances.length}`));
    }
    return instances;
  } catch (error) {
    for (const instance of instances) await instance.kill();
    throw error;
  }
}

function control({ client }: PluginInstance): PluginClient {
  return new PluginClient(client);
}
