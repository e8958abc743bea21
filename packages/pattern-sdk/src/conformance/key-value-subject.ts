import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { GrpcClient, HeaderList } from "@prism-data/transport";
import type { PluginDefinition } from "../plugin.js";
import type { BindResponse, DescribeResponse } from "../protocol/gen/prism/plugin/v1/plugin.js";
import { keyValueBounds } from "../protocol/key-value/key-value-bounds.js";
import { PluginClient } from "../protocol/plugin-client.js";
import { KeyValueClient } from "./key-value-client.js";
import { type PluginInstance, spawnPlugin, startInProcess } from "./plugin-instance.js";

/** How long Configure, Bind and Unbind may take on a real backend. */
const controlTimeoutMs = 20_000;

/** A time to live that cases can wait for, and that a busy machine does not use up between two calls. */
const shortTtlMs = 400;

/** How many namespaces are removed side by side: enough to be quick, and no burden for the backend. */
const removalsAtOnceMax = 16;

/** Where a plugin runs while it is tested. */
export type Placement = { readonly kind: "in-process" } | { readonly kind: "spawned"; readonly entry: string };

export interface SubjectOptions {
  readonly plugin: PluginDefinition;
  readonly placement: Placement;
  /** What the operator would write under `settings`. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The plugin under test: started, configured, and reached over its socket. Cases share it, each with namespaces of its own. */
export class KeyValueSubject {
  readonly definition: PluginDefinition;
  readonly description: DescribeResponse;
  /** The largest value that the plugin says it takes. */
  readonly valueBytesMax: number;
  /** The smallest time to live of the plugin, of which all others are multiples. */
  readonly ttlGrainMs: number;
  /** A time to live to wait for. */
  readonly shortTtlMs: number;
  readonly #options: SubjectOptions;
  readonly #dir: string;
  readonly #bound = new Map<string, { readonly needs: readonly string[] | undefined }>();
  #instance: PluginInstance;
  #starts = 1;
  #names = 0;

  private constructor(
    options: SubjectOptions,
    started: { dir: string; instance: PluginInstance; description: DescribeResponse },
  ) {
    this.#options = options;
    this.#dir = started.dir;
    this.#instance = started.instance;
    this.definition = options.plugin;
    this.description = started.description;
    const bounds = keyValueBounds(options.plugin.patterns["key-value"]?.limits);
    this.valueBytesMax = bounds.valueBytesMax;
    this.ttlGrainMs = bounds.ttlGrainMs;
    this.shortTtlMs = Math.ceil(shortTtlMs / bounds.ttlGrainMs) * bounds.ttlGrainMs;
  }

  /** Starts the plugin and configures it. Who starts it stops it. */
  static async start(options: SubjectOptions): Promise<KeyValueSubject> {
    const dir = await mkdtemp(join(tmpdir(), "prism-"));
    let instance: PluginInstance | undefined;
    try {
      instance = await launch(options, join(dir, "1"));
      const description = await control(instance).describe({}, { timeoutMs: controlTimeoutMs });
      const subject = new KeyValueSubject(options, { dir, instance, description });
      await subject.#configure();
      return subject;
    } catch (error) {
      await instance?.kill();
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** The connection, for calls that the typed client cannot make. */
  get grpc(): GrpcClient {
    return this.#instance.client;
  }

  /** A size of value that the plugin takes, the one wanted if possible. */
  valueSize(wantedBytes: number): number {
    return Math.min(wantedBytes, this.valueBytesMax);
  }

  /** The headers that let a call in. */
  get authorization(): HeaderList {
    const { token } = this.#instance;
    return token === undefined ? [] : ["authorization", `Bearer ${token}`];
  }

  /** A name that no namespace had before, in this run or another, of 1 to 40 characters. */
  freshName(): string {
    this.#names++;
    return `case-${randomBytes(6).toString("hex")}-${this.#names}`;
  }

  /** Binds a namespace, a new one unless `name` says which, and returns its client. */
  async namespace(
    options: { readonly name?: string; readonly needs?: readonly string[] } = {},
  ): Promise<KeyValueClient> {
    const name = options.name ?? this.freshName();
    await this.bind(name, options.needs === undefined ? {} : { needs: options.needs });
    return this.clientOf(name);
  }

  /** A client of a namespace, bound or not. */
  clientOf(name: string): KeyValueClient {
    return new KeyValueClient(() => this.#instance.client, name);
  }

  async bind(
    namespace: string,
    { needs, planOnly = false }: { readonly needs?: readonly string[]; readonly planOnly?: boolean } = {},
  ): Promise<BindResponse> {
    const needed = { needs: [...(needs ?? [])], needsGiven: needs !== undefined };
    const request = { namespace, pattern: "key-value", ...needed, planOnly };
    const response = await control(this.#instance).bind(request, { timeoutMs: controlTimeoutMs });
    if (!planOnly) this.#bound.set(namespace, { needs });
    return response;
  }

  async unbind(namespace: string, { deleteData = false }: { readonly deleteData?: boolean } = {}): Promise<void> {
    const request = { namespace, pattern: "key-value", deleteData };
    await control(this.#instance).unbind(request, { timeoutMs: controlTimeoutMs });
    if (deleteData) this.#bound.delete(namespace);
  }

  /** Kills the plugin without notice, starts it again after a while with the same settings, and binds what was bound. */
  async restart({ afterMs = 0 }: { readonly afterMs?: number } = {}): Promise<void> {
    await this.#instance.kill();
    await pause(afterMs);
    this.#starts++;
    this.#instance = await launch(this.#options, join(this.#dir, String(this.#starts)));
    await this.#configure();
    for (const [name, binding] of this.#bound)
      await this.bind(name, binding.needs === undefined ? {} : { needs: binding.needs });
  }

  /** Removes what the cases left on the backend, and ends the plugin. */
  async stop(): Promise<void> {
    try {
      await this.#removeNamespaces();
    } finally {
      await this.#instance.stop();
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
    await control(this.#instance).configure(request, { timeoutMs: controlTimeoutMs });
  }
}

function launch({ plugin, placement }: SubjectOptions, socketPath: string): Promise<PluginInstance> {
  return placement.kind === "spawned" ? spawnPlugin(placement.entry, socketPath) : startInProcess(plugin, socketPath);
}

function control({ client }: PluginInstance): PluginClient {
  return new PluginClient(client);
}
