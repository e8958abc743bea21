import { isDeepStrictEqual } from "node:util";
import {
  durabilityMissingError,
  durabilityOfWire,
  GatewayError,
  isDurableEnough,
  type pluginv1,
  type Reason,
  reasons,
  type SizeLimits,
  sizeLimitsOfWire,
} from "@prism-data/pattern-sdk/protocol";
import type { NamespaceConfig } from "../config/config.js";
import { optionsProblems } from "../config/namespace-options.js";
import { formatPath } from "../config/problem.js";
import { suggest } from "../config/suggestion.js";
import { type Backoff, backoffDelayMs, type Random } from "../policy/backoff.js";
import { Slots } from "../policy/slots.js";
import type { Logger } from "../telemetry/log.js";

/** Whether calls to a namespace can be served. `pending`: it is being bound, or will be tried again. */
export type BindingState =
  | { readonly state: "bound"; readonly capabilities: readonly string[] }
  | {
      readonly state: "pending" | "failed";
      readonly reason: string;
      /** What calls are answered with instead of NAMESPACE_UNAVAILABLE. */
      readonly refusedAs?: Reason;
    };

/** The two calls that binding needs. */
export interface Binder {
  bind(namespace: NamespaceConfig): Promise<Pick<pluginv1.BindResponse, "capabilities" | "durability" | "sizeLimits">>;
  unbind(namespace: NamespaceConfig): Promise<void>;
}

/** A data system that is down comes back any moment; a namespace must serve within two seconds of that. */
const retryBackoff: Backoff = { firstMs: 200, maxMs: 1_000 };

/**
 * Namespaces that are tried again in a second, on average. Of more than that each waits longer; the first that can be bound lets
 * all others try at once.
 */
const retriesPerSecondMax = 100;

/**
 * Namespaces of one plugin process that are bound at once; the others wait in the order of the configuration, behind those that calls
 * wait for. Enough that slow ones (a topic that is created) do not hold up the rest, few enough that ten thousand do not fill the
 * connection.
 */
const bindsAtOnceMax = 128;

interface Entry {
  readonly namespace: NamespaceConfig;
  state: BindingState;
  /** The log says that it is not bound. */
  isReported: boolean;
  /** Resolved when the first try was answered. */
  readonly tried: Promise<void>;
}

/**
 * Keeps the wanted namespaces bound on one plugin process. A namespace that cannot be bound is set aside with its reason and
 * the others serve; one whose data system is only unreachable is tried again. Calls for one namespace never overlap.
 */
export class NamespaceBindings {
  readonly #binder: Binder;
  readonly #patterns: ReadonlyMap<string, pluginv1.PatternDescription>;
  /** What the plugin takes as options, by pattern; `undefined`: none. */
  readonly #optionsSchemas: ReadonlyMap<string, unknown>;
  readonly #bindSlots = new Slots(bindsAtOnceMax);
  readonly #durability: number;
  readonly #onChange: () => void;
  readonly #random: Random;
  readonly #log: Logger;
  readonly #entries = new Map<string, Entry>();
  /** The end of the last call for each name, so that the next one waits for it. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #closed = new AbortController();
  readonly #pausing = new Set<() => void>();

  constructor(options: {
    binder: Binder;
    description: pluginv1.DescribeResponse;
    onChange: () => void;
    random: Random;
    log: Logger;
  }) {
    this.#binder = options.binder;
    this.#patterns = new Map(options.description.patterns.map((pattern) => [pattern.pattern, pattern]));
    this.#optionsSchemas = new Map(
      options.description.patterns.map(({ pattern, optionsSchema }) => [pattern, parsedSchema(optionsSchema)]),
    );
    this.#durability = options.description.durability;
    this.#onChange = options.onChange;
    this.#random = options.random;
    this.#log = options.log;
  }

  /** The state of a namespace. `undefined`: it is not wanted here. */
  state(name: string): BindingState | undefined {
    return this.#entries.get(name)?.state;
  }

  /** Sets the wanted namespaces; resolves when each was answered for once. Never rejects. */
  async want(namespaces: ReadonlyMap<string, NamespaceConfig>): Promise<void> {
    for (const [name, entry] of this.#entries) {
      if (namespaces.has(name)) continue;
      this.#entries.delete(name);
      void this.#inTurn(name, () => this.#unbind(entry.namespace));
    }
    const added: Entry[] = [];
    for (const namespace of namespaces.values()) {
      const known = this.#entries.get(namespace.name);
      if (known === undefined || !asksTheSame(known.namespace, namespace)) added.push(this.#add(namespace, known));
    }
    await Promise.all([...this.#entries.values()].map((entry) => entry.tried));
    if (added.length === 0) return;
    const bound = added.filter(({ state }) => state.state === "bound").length;
    this.#log.info({ bound, notBound: added.length - bound }, "namespaces bound");
  }

  /** Resolves when a namespace was answered for once. Until then it goes before those that nobody waits for. */
  async tried(name: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#bindSlots.hasten(entry);
    await entry.tried;
  }

  /** Stops trying; the process is ending. */
  close(): void {
    this.#closed.abort();
    this.#wake();
  }

  #add(namespace: NamespaceConfig, previous: Entry | undefined): Entry {
    const tried = Promise.withResolvers<void>();
    const reason = `namespace ${JSON.stringify(namespace.name)} is being made ready`;
    // A binding that only changes its needs or options goes on serving with the old ones meanwhile.
    const kept = previous?.namespace.pattern === namespace.pattern ? previous.state : undefined;
    const entry: Entry = {
      namespace,
      state: kept ?? { state: "pending", reason },
      isReported: false,
      tried: tried.promise,
    };
    this.#entries.set(namespace.name, entry);
    void this.#inTurn(namespace.name, async () => {
      if (previous !== undefined && kept === undefined) await this.#unbind(previous.namespace);
      await this.#tryUntilAnswered(entry, tried.resolve);
    });
    return entry;
  }

  async #tryUntilAnswered(entry: Entry, onTried: () => void): Promise<void> {
    for (let attempt = 0; this.#isWanted(entry); attempt++) {
      const state = await this.#bindSlots.run(() => this.#try(entry.namespace), entry);
      if (!this.#isWanted(entry)) break;
      this.#set(entry, state);
      onTried();
      if (attempt > 0 && state.state === "bound") this.#wake();
      if (!mayChange(state)) break;
      await this.#pause(
        backoffDelayMs(attempt, retryBackoff, this.#random) * Math.max(1, this.#pausing.size / retriesPerSecondMax),
      );
    }
    onTried();
  }

  async #try(namespace: NamespaceConfig): Promise<BindingState> {
    const gap = this.#gap(namespace);
    if (gap !== undefined) return { state: "failed", reason: gap };
    try {
      const { capabilities, durability, sizeLimits } = await this.#binder.bind(namespace);
      this.#checkDurability(namespace, durability);
      const unheld = unheldLimit(namespace.sizeLimits, sizeLimitsOfWire(sizeLimits));
      if (unheld !== undefined) return { state: "failed", reason: unheld };
      return { state: "bound", capabilities };
    } catch (error) {
      return stateAfter(error as Error);
    }
  }

  /** A plugin that does not know what it was asked for may have bound the namespace all the same. */
  #checkDurability({ name, pattern, durability: needed }: NamespaceConfig, answered: number): void {
    if (needed === undefined) return;
    const described = [answered, this.#patterns.get(pattern)?.durability ?? 0, this.#durability];
    const durability = described.map(durabilityOfWire).find((each) => each !== undefined) ?? "ephemeral";
    if (!isDurableEnough(durability, needed)) throw durabilityMissingError(name, needed, { durability });
  }

  /** What the plugin's own description already rules out. */
  #gap(namespace: NamespaceConfig): string | undefined {
    const offered = this.#patterns.get(namespace.pattern);
    if (offered === undefined) {
      return `the plugin does not offer ${namespace.pattern}; ${suggest(namespace.pattern, [...this.#patterns.keys()])}`;
    }
    const { capabilities } = offered;
    const missing = (namespace.needs ?? []).filter((need) => !capabilities.includes(need));
    if (namespace.quota?.storageBytes !== undefined && !offered.countsStorage) {
      return "has limits.storage_size, and the plugin cannot count what it holds; leave it out, or take a backend whose plugin can";
    }
    if (missing.length === 0) return optionsGap(namespace, this.#optionsSchemas.get(namespace.pattern));
    return `needs ${missing.join(", ")}, which the plugin does not have; it has: ${capabilities.join(", ") || "none"}`;
  }

  async #unbind(namespace: NamespaceConfig): Promise<void> {
    if (this.#closed.signal.aborted) return;
    try {
      await this.#binder.unbind(namespace);
    } catch (error) {
      this.#log.warn({ namespace: namespace.name, reason: (error as Error).message }, "namespace not unbound");
    }
  }

  #set(entry: Entry, state: BindingState): void {
    const { state: before, isReported, namespace } = entry;
    const { name } = namespace;
    entry.state = state;
    entry.isReported = state.state !== "bound";
    // Thousands are bound at a start; only one that the log calls not bound is worth a line.
    if (state.state === "bound") this.#log[isReported ? "info" : "debug"]({ namespace: name }, "namespace bound");
    else if (before.state === "bound" || before.reason !== state.reason) {
      this.#log.warn({ namespace: name, state: state.state, reason: state.reason }, "namespace not bound");
    }
    this.#onChange();
  }

  #isWanted(entry: Entry): boolean {
    return !this.#closed.signal.aborted && this.#entries.get(entry.namespace.name) === entry;
  }

  #inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.#busy.get(name) ?? Promise.resolve()).then(work);
    this.#busy.set(name, turn);
    return turn.finally(() => {
      if (this.#busy.get(name) === turn) this.#busy.delete(name);
    });
  }

  async #pause(delayMs: number): Promise<void> {
    if (this.#closed.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#pausing.add(resolve);
    await promise;
    this.#pausing.delete(resolve);
    clearTimeout(timer);
  }

  #wake(): void {
    for (const resolve of this.#pausing) resolve();
  }
}

function stateAfter(error: Error): BindingState {
  const reason = error.message;
  if (!(error instanceof GatewayError)) return { state: "failed", reason };
  if (error.reason === "DURABILITY_MISSING") return { state: "failed", reason, refusedAs: error.reason };
  return { state: reasons[error.reason].retryable ? "pending" : "failed", reason };
}

/** A data system comes back, or is set otherwise, without telling. */
function mayChange(state: BindingState): boolean {
  return state.state === "pending" || (state.state === "failed" && state.refusedAs === "DURABILITY_MISSING");
}

/** A plugin that does not know of limits would let everything pass, and the operator would believe in them. */
function unheldLimit(asked: SizeLimits, held: SizeLimits): string | undefined {
  const unheld = [
    asked.valueBytes !== undefined && (held.valueBytes ?? Infinity) > asked.valueBytes ? "limits.value_size" : [],
    asked.batchEntries !== undefined && (held.batchEntries ?? Infinity) > asked.batchEntries ? "limits.batch_size" : [],
  ].flat();
  if (unheld.length === 0) return undefined;
  return `the plugin does not hold apps to ${unheld.join(" and ")}; leave it out, or use a newer version of the plugin`;
}

function asksTheSame(left: NamespaceConfig, right: NamespaceConfig): boolean {
  return (
    left.pattern === right.pattern &&
    String(left.needs) === String(right.needs) &&
    left.durability === right.durability &&
    isDeepStrictEqual(left.sizeLimits, right.sizeLimits) &&
    (left.quota?.storageBytes === undefined) === (right.quota?.storageBytes === undefined) &&
    isDeepStrictEqual(left.options, right.options)
  );
}

/** A plugin that knows no options would ignore them, and the operator would believe in a retention that nobody keeps. */
function optionsGap({ name, pattern, options }: NamespaceConfig, schema: unknown): string | undefined {
  const problems = optionsProblems(options, { pattern, schema }).map(
    ({ keys, message }) => `${formatPath(["namespaces", name, "options", ...keys])}: ${message}`,
  );
  return problems.length === 0 ? undefined : problems.join("; ");
}

/** `undefined`: there is none. `null`: not JSON; then the plugin has the last word. */
function parsedSchema(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
