import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GrpcClient, type Metadata } from "@prism-data/transport";
import * as z from "zod";
import type { CallContext } from "../call-context.js";
import { definePlugin } from "../define-plugin.js";
import { GatewayError } from "../errors.js";
import type { Change, ChangeSink, Entry, KeyValue, SetRequest } from "../patterns/key-value/key-value.js";
import { keyValueCapabilities } from "../patterns/key-value/key-value-capabilities.js";
import type { Bound, Logger, PatternBinder, PluginDefinition } from "../plugin.js";
import { PluginClient } from "../protocol/plugin-client.js";
import { wireDurability } from "../protocol/wire-durability.js";
import { type RunningPlugin, startPlugin } from "./start-plugin.js";

/** A store on a map: as little as the SDK's own tests need. The conformance suite has the exact one. */
export class TinyStore implements KeyValue {
  readonly entries = new Map<string, Entry>();
  readonly watchers = new Set<{ readonly prefix: string; readonly sink: ChangeSink }>();
  /** What the store was asked to write, in the author's words. */
  readonly writes: SetRequest[] = [];
  /** Awaited by `exists`, so that a test decides when a call ends. */
  gate: Promise<void> = Promise.resolve();
  /** The signal of the last `exists`. */
  lastSignal: AbortSignal | undefined;
  #version = 0;

  get(key: string) {
    if (key === "defect") throw new Error("secret of the store");
    return this.entries.get(key);
  }

  set(request: SetRequest) {
    this.writes.push(request);
    if (request.condition?.kind === "absent" && this.entries.has(request.key)) {
      throw new GatewayError("KEY_EXISTS", `key ${request.key} exists`, { metadata: { key: request.key } });
    }
    const entry = { value: Uint8Array.from(request.value), etag: `v${++this.#version}` };
    this.entries.set(request.key, entry);
    this.publish({ kind: "set", key: request.key, ...entry });
    return { etag: entry.etag };
  }

  delete({ key }: { readonly key: string }) {
    return this.entries.delete(key);
  }

  async exists(key: string, { signal }: CallContext) {
    this.lastSignal = signal;
    await this.gate;
    return this.entries.has(key);
  }

  batchGet(keys: readonly string[]) {
    return keys.map((key) => ({ ok: true as const, result: this.entries.get(key) }));
  }

  batchSet(requests: readonly SetRequest[]) {
    return requests.map((request) => {
      try {
        return { ok: true as const, result: this.set(request) };
      } catch (error) {
        return { ok: false as const, error };
      }
    });
  }

  batchDelete(requests: readonly { readonly key: string }[]) {
    return requests.map((request) => ({ ok: true as const, result: this.delete(request) }));
  }

  scan({ limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined }) {
    const from = Number(cursor ?? 0);
    const page = [...this.entries].slice(from, from + limit).map(([key, entry]) => ({ key, ...entry }));
    return { entries: page, cursor: from + limit < this.entries.size ? String(from + limit) : undefined };
  }

  count() {
    return this.entries.size;
  }

  expire(key: string, ttlMs: number) {
    return this.entries.has(key) ? ttlMs : undefined;
  }

  persist(key: string) {
    return this.entries.has(key);
  }

  getTtl(key: string) {
    return this.entries.has(key) ? { remainingMs: 1_500, expiresAtMs: 1_700_000_000_000 } : undefined;
  }

  increment(_key: string, delta: bigint) {
    return { value: delta, etag: "counted" };
  }

  transact({ mutations }: { readonly mutations: readonly { readonly kind: "set" | "delete" }[] }) {
    return mutations.map(({ kind }) => (kind === "set" ? { kind, etag: "set" } : { kind, existed: true }));
  }

  async watch(prefix: string, sink: ChangeSink, { signal }: { readonly signal: AbortSignal }) {
    const watcher = { prefix, sink };
    this.watchers.add(watcher);
    sink.started();
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    this.watchers.delete(watcher);
  }

  publish(change: Change) {
    for (const { prefix, sink } of this.watchers) if (change.key.startsWith(prefix)) sink.change(change);
  }
}

/** What a test sees of the plugin from the inside. */
export interface Inside {
  readonly stores: Map<string, TinyStore>;
  readonly deleted: string[];
  closed: boolean;
  reportHealth: (health: { reachable: true } | { reachable: false; message: string }) => void;
}

/** A plugin on tiny stores, and its inside. `change` replaces parts of the definition. */
export function tinyPlugin(change: Partial<PluginDefinition> = {}): { plugin: PluginDefinition; inside: Inside } {
  const inside: Inside = { stores: new Map(), deleted: [], closed: false, reportHealth: () => undefined };
  const plugin = definePlugin({
    name: "tiny",
    version: "1.2.3",
    durability: "ephemeral",
    settings: z.strictObject({
      url: z.url().describe("Where the data system listens."),
      pool_size: z.int().min(1).max(64).default(4).describe("Connections kept open."),
    }),
    patterns: { "key-value": { capabilities: keyValueCapabilities, limits: { valueBytesMax: 1_000, ttlGrainMs: 10 } } },
    open: (_settings, context) => {
      inside.reportHealth = context.reportHealth;
      return { keyValue: tinyBinder(inside), close: () => void Object.assign(inside, { closed: true }) };
    },
    ...change,
  } satisfies PluginDefinition);
  return { plugin, inside };
}

function tinyBinder(inside: Inside): PatternBinder<KeyValue> {
  return {
    bind({ namespace }): Bound<KeyValue> {
      const made = !inside.stores.has(namespace);
      const pattern = inside.stores.get(namespace) ?? new TinyStore();
      inside.stores.set(namespace, pattern);
      return { pattern, changes: made ? [`made ${namespace}`] : [] };
    },
    plan: ({ namespace }) => [`would make ${namespace}`],
    deleteData(namespace) {
      inside.deleted.push(namespace);
      return inside.stores.delete(namespace) ? [`removed ${namespace}`] : [];
    },
  };
}

/** A log that keeps its lines. */
function keptLog(): Logger & { readonly lines: { level: string; message: string; fields: object }[] } {
  const lines: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push({ level, message, fields });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** A plugin that runs in this process, with a client that carries its token. */
export interface RunningTiny extends AsyncDisposable {
  readonly running: RunningPlugin;
  readonly inside: Inside;
  readonly log: ReturnType<typeof keptLog>;
  readonly client: GrpcClient;
  readonly contract: PluginClient;
  connect(metadata?: Metadata): Promise<GrpcClient>;
  /** Configures the plugin and binds namespaces, with all capabilities or with those that are needed. */
  serve(namespaces: readonly string[], needs?: readonly string[]): Promise<void>;
}

export async function runTinyPlugin(change: Partial<PluginDefinition> = {}): Promise<RunningTiny> {
  const { plugin, inside } = tinyPlugin(change);
  const folder = await mkdtemp(join(tmpdir(), "prism-sdk-"));
  const log = keptLog();
  const socketPath = join(folder, "plugin.sock");
  const running = await startPlugin(plugin, { socketPath, token: "the-token", log });
  const clients: GrpcClient[] = [];
  const connect = async (metadata: Metadata = [["authorization", "Bearer the-token"]]) => {
    const client = await GrpcClient.connect({ path: socketPath }, { metadata });
    clients.push(client);
    return client;
  };
  const client = await connect();
  const contract = new PluginClient(client);
  return {
    running,
    inside,
    log,
    client,
    contract,
    connect,
    async serve(namespaces, needs) {
      const settings = { url: "tcp://127.0.0.1:1" };
      await contract.configure({ backend: "b", settings, dataDir: folder, workingDir: folder });
      for (const namespace of namespaces) {
        await contract.bind({
          namespace,
          pattern: "key-value",
          needs: [...(needs ?? [])],
          needsGiven: needs !== undefined,
          planOnly: false,
          durability: wireDurability(undefined),
          sizeLimits: undefined,
          options: undefined,
        });
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((each) => each.close()));
      await running.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
