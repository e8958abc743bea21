import type { GrpcMethod } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import type { KeyValue } from "../patterns/key-value.js";
import type {
  Backend,
  KeyValueDescription,
  Logger,
  MetricFamily,
  PatternBinder,
  PluginContext,
  PluginDefinition,
} from "../plugin.js";
import { keyValueBounds, namedBounds } from "../protocol/key-value/key-value-bounds.js";
import { type BindingPlan, Bindings } from "./bindings.js";
import { type CallsInFlight, type DrainCounts, drainingError } from "./calls-in-flight.js";
import { effectiveCapabilities } from "./effective-capabilities.js";
import { HealthBoard } from "./health-board.js";
import { ownMethods } from "./own-methods.js";
import { ProcessMetrics } from "./process-metrics.js";
import { parsedSettings } from "./settings-problems.js";

/** The longest name of a namespace, in bytes of UTF-8. Source: `prism.plugin.v1.BindRequest.namespace`. */
const namespaceBytesMax = 128;

/** What the proxy hands over once. */
export interface Configuration {
  readonly backend: string;
  readonly settings: unknown;
  readonly dataDir: string;
  readonly workingDir: string;
}

/** A namespace as the proxy asks for it. */
export interface NamespaceRequest {
  readonly namespace: string;
  readonly pattern: string;
  /** `undefined`: the operator wrote none. */
  readonly needs: readonly string[] | undefined;
}

/** What became of a bind. */
export interface BindOutcome {
  readonly changes: readonly string[];
  readonly capabilities: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
}

type State =
  | { readonly phase: "unconfigured" }
  | { readonly phase: "configuring" }
  | { readonly phase: "serving"; readonly backend: Backend; readonly ownMethods: ReadonlyMap<string, GrpcMethod> }
  | { readonly phase: "closed" };

/** One plugin in one process: its life from Configure to the end, without the wire. */
export class PluginHost {
  readonly plugin: PluginDefinition;
  readonly health = new HealthBoard();
  readonly bindings = new Bindings();
  readonly #calls: CallsInFlight;
  readonly #log: Logger;
  readonly #metrics = new ProcessMetrics();
  readonly #draining = new AbortController();
  #state: State = { phase: "unconfigured" };
  #drained: Promise<DrainCounts> | undefined;

  constructor(plugin: PluginDefinition, calls: CallsInFlight, log: Logger) {
    this.plugin = plugin;
    this.#calls = calls;
    this.#log = log;
  }

  /** Aborted when the plugin begins to drain. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  async configure({ backend, settings, dataDir, workingDir }: Configuration): Promise<void> {
    if (this.#state.phase !== "unconfigured") {
      throw new GatewayError(
        "INVALID_SETTINGS",
        `Plugin ${this.plugin.name} was configured already. Start a new process for other settings.`,
      );
    }
    const parsed = parsedSettings(this.plugin.settings, settings);
    this.#state = { phase: "configuring" };
    try {
      const context = {
        backend,
        dataDir,
        workingDir,
        log: this.#log,
        reportHealth: this.health.report.bind(this.health),
      };
      this.#state = await this.#opened(parsed, context);
    } catch (error) {
      this.#state = { phase: "unconfigured" };
      throw error;
    }
    this.#log.info({ backend }, "backend opened");
  }

  /** A method of the plugin's own services, once the backend is open. */
  findOwnMethod(path: string): GrpcMethod | undefined {
    return this.#state.phase === "serving" ? this.#state.ownMethods.get(path) : undefined;
  }

  async bind(request: NamespaceRequest): Promise<BindOutcome> {
    const { binder, plan } = this.#planned(request);
    const { changes, capabilities } = await this.bindings.bind(binder, plan);
    return { changes, capabilities, limits: namedBounds(plan.bounds) };
  }

  async plan(request: NamespaceRequest): Promise<BindOutcome> {
    const { binder, plan } = this.#planned(request);
    const changes = await this.bindings.plan(binder, plan);
    return { changes, capabilities: [...plan.capabilities], limits: namedBounds(plan.bounds) };
  }

  async unbind(namespace: string, pattern: string, deleteData: boolean): Promise<readonly string[]> {
    return this.bindings.unbind(this.#binderOf(pattern).binder, checkedNamespace(namespace), deleteData);
  }

  metrics(): readonly MetricFamily[] {
    const ofBackend = this.#state.phase === "serving" ? (this.#state.backend.metrics?.() ?? []) : [];
    return [...this.#metrics.families(this.#calls.count), ...ofBackend];
  }

  /** Takes no new calls, ends watches, waits for calls in flight at most `graceMs`, and ends the rest. */
  drain(graceMs: number): Promise<DrainCounts> {
    this.#drained ??= this.#drainOnce(graceMs);
    return this.#drained;
  }

  /** Closes every binding and the backend. Call it after the last call has ended. */
  async close(): Promise<void> {
    const state = this.#state;
    if (state.phase === "closed") return;
    this.#state = { phase: "closed" };
    this.#draining.abort();
    this.#metrics[Symbol.dispose]();
    await this.bindings.closeAll(drainingError());
    if (state.phase === "serving") await state.backend.close?.();
  }

  async #drainOnce(graceMs: number): Promise<DrainCounts> {
    this.#log.info({ grace_ms: graceMs, calls_in_flight: this.#calls.count }, "draining");
    this.#draining.abort();
    const drained = this.#calls.drain(graceMs);
    this.bindings.endWatches(drainingError());
    const counts = await drained;
    this.#log.info({ ...counts }, "drained");
    return counts;
  }

  async #opened(settings: unknown, context: PluginContext): Promise<State> {
    const backend = await this.plugin.open(settings, context);
    try {
      const counted = [...ownMethods(this.plugin, backend)].map(
        ([path, method]) => [path, this.#calls.counted(method)] as const,
      );
      return { phase: "serving", backend, ownMethods: new Map(counted) };
    } catch (error) {
      await backend.close?.();
      throw error;
    }
  }

  #planned({ namespace, pattern, needs }: NamespaceRequest): { binder: PatternBinder<KeyValue>; plan: BindingPlan } {
    const { binder, description } = this.#binderOf(pattern);
    const plugin = this.plugin.name;
    const capabilities = effectiveCapabilities(description, { namespace: checkedNamespace(namespace), needs, plugin });
    return { binder, plan: { namespace, capabilities, bounds: keyValueBounds(description.limits), plugin } };
  }

  #binderOf(pattern: string): { binder: PatternBinder<KeyValue>; description: KeyValueDescription } {
    const description = pattern === "key-value" ? this.plugin.patterns["key-value"] : undefined;
    if (description === undefined) {
      throw new GatewayError(
        "PATTERN_MISMATCH",
        `Plugin ${this.plugin.name} does not offer the pattern ${JSON.stringify(pattern)}; it offers ${Object.keys(this.plugin.patterns).join(", ")}.`,
        { metadata: { pattern, plugin: this.plugin.name } },
      );
    }
    if (this.#state.phase !== "serving") {
      throw new GatewayError(
        "PLUGIN_UNAVAILABLE",
        `Plugin ${this.plugin.name} is not configured yet. Call Configure first.`,
      );
    }
    const binder = this.#state.backend.keyValue;
    if (binder === undefined) {
      throw new GatewayError(
        "INTERNAL",
        `Plugin ${this.plugin.name} declares key-value, but its backend has no keyValue.`,
      );
    }
    return { binder, description };
  }
}

function checkedNamespace(namespace: string): string {
  const sizeBytes = Buffer.byteLength(namespace);
  if (sizeBytes >= 1 && sizeBytes <= namespaceBytesMax) return namespace;
  const description = `is ${sizeBytes} bytes long; give 1 to ${namespaceBytesMax}`;
  throw new GatewayError("INVALID_FIELD", `namespace: ${description}.`, {
    fieldViolations: [{ field: "namespace", description }],
  });
}
