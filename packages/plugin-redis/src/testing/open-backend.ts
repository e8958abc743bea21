import { randomUUID } from "node:crypto";
import {
  type Backend,
  type BackendHealth,
  type CallContext,
  keyValueCapabilities,
  type PluginContext,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import type { RedisKeyValue } from "../key-value.js";
import { redisPlugin } from "../plugin.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A backend under test, and what it has said of its health. */
export interface OpenBackend extends AsyncDisposable {
  readonly backend: Backend;
  readonly health: BackendHealth[];
  /** Binds a namespace, a new one unless named, with all capabilities unless said. */
  namespace(options?: { name?: string; needs?: readonly string[] }): Promise<RedisKeyValue>;
}

/** Opens the plugin as its host would. */
export async function openBackend(
  settings: Record<string, unknown>,
  context: Partial<PluginContext> = {},
): Promise<OpenBackend> {
  const health: BackendHealth[] = [];
  const closing: (() => unknown)[] = [];
  const backend = await redisPlugin.open(settingsSchema.parse(settings), {
    backend: "tested",
    workingDir: "/",
    dataDir: "/",
    log: silent,
    reportHealth: (report) => health.push(report),
    ...context,
  });
  return {
    backend,
    health,
    async namespace({ name = randomUUID(), needs = keyValueCapabilities } = {}) {
      const binding = { namespace: name, capabilities: new Set(needs), options: undefined };
      const bound = await backend.keyValue!.bind(binding);
      closing.push(() => bound.close?.());
      return bound.pattern as RedisKeyValue;
    },
    async [Symbol.asyncDispose]() {
      for (const close of closing) close();
      await backend.close?.();
    },
  };
}

/** The context of a call that ends with `signal`. */
export function callWith(signal: AbortSignal = new AbortController().signal): CallContext {
  return { namespace: "", deadlineMs: undefined, signal, principal: undefined, requestId: undefined };
}

/** Waits until `condition` holds, looking again and again; `withinMs` is far above what it should take. */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAtMs) throw new Error(`The condition did not hold within ${withinMs} ms.`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
