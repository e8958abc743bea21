import { randomUUID } from "node:crypto";
import {
  type Awaitable,
  type Backend,
  type BackendHealth,
  type Bound,
  type CallContext,
  fixedStreamCapabilities,
  GatewayError,
  keyValueCapabilities,
  type Message,
  type PatternBinder,
  type PluginContext,
  type PubSubOptions,
  pubSubCapabilities,
  pubSubOptions,
  type QueueOptions,
  queueCapabilities,
  queueOptionsDefault,
  type StreamOptions,
  streamOptions,
} from "@prism-data/pattern-sdk";
import { settingsSchema } from "../config.js";
import type { RedisKeyValue } from "../key-value.js";
import { redisPlugin } from "../plugin.js";
import type { RedisPubSub } from "../pub-sub.js";
import type { RedisQueue } from "../queue.js";
import type { RedisStream } from "../stream.js";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A backend under test, and what it has said of its health. */
export interface OpenBackend extends AsyncDisposable {
  readonly backend: Backend;
  readonly health: BackendHealth[];
  /** Binds a namespace, a new one unless named, with all capabilities unless said. */
  namespace(options?: { name?: string; needs?: readonly string[] }): Promise<RedisKeyValue>;
  /** Binds a queue, a new one unless named, with all capabilities. */
  queue(options?: { name?: string; options?: Partial<QueueOptions> }): Promise<RedisQueue>;
  /** Binds a log, a new one unless named. */
  stream(options?: { name?: string; options?: Partial<StreamOptions> }): Promise<RedisStream>;
  /** Binds a namespace of pub-sub, a new one unless named. */
  pubSub(options?: { name?: string; options?: Partial<PubSubOptions> }): Promise<RedisPubSub>;
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
  const bound = async <P>(binding: Awaitable<Bound<P>>): Promise<P> => {
    const { pattern, close } = await binding;
    closing.push(() => close?.());
    return pattern;
  };
  return {
    backend,
    health,
    async namespace({ name = randomUUID(), needs = keyValueCapabilities } = {}) {
      const binding = { namespace: name, capabilities: new Set(needs), options: undefined };
      return (await bound(backend.keyValue!.bind(binding))) as RedisKeyValue;
    },
    queue: ({ name, options } = {}) =>
      bound(
        binderOf<RedisQueue, QueueOptions>(backend.queue).bind(bindingOf(name, { ...queueOptionsDefault, ...options })),
      ),
    stream: ({ name, options } = {}) =>
      bound(
        binderOf<RedisStream, StreamOptions>(backend.stream).bind(
          bindingOf(name, { ...streamOptions(fixedStreamCapabilities).parse({}), ...options }),
        ),
      ),
    pubSub: ({ name, options } = {}) =>
      bound(
        binderOf<RedisPubSub, PubSubOptions>(backend.pubSub).bind(
          bindingOf(name, { ...pubSubOptions(pubSubCapabilities).parse({}), ...options }),
        ),
      ),
    async [Symbol.asyncDispose]() {
      for (const close of closing) await close();
      await backend.close?.();
    },
  };
}

/** A binder of the plugin, as what it is. */
function binderOf<P, Options>(binder: unknown): PatternBinder<P, Options> {
  return binder as PatternBinder<P, Options>;
}

function bindingOf<Options>(namespace: string = randomUUID(), options: Options) {
  return { namespace, capabilities: new Set<string>(queueCapabilities), options };
}

/** A message with these fields, and little else. */
export function messageWith(fields: Partial<Message> = {}): Message {
  return { id: randomUUID(), key: "", headers: [], contentType: "", payload: Buffer.from("payload"), ...fields };
}

/** What a call fails with that must. */
export async function failureOf(call: Promise<unknown>): Promise<GatewayError> {
  const result = await call.catch((error: GatewayError) => error);
  if (!(result instanceof GatewayError)) throw new Error("The call did not fail.");
  return result;
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
