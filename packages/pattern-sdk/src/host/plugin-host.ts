import type { GrpcMethod } from "@prism-data/transport";
import { type Durability, durabilityMissingError } from "../durability.js";
import { GatewayError } from "../errors.js";
import { boundsOf, namedBounds } from "../patterns/bounds.js";
import type { PatternKind } from "../patterns/pattern-kind.js";
import { findPattern, type Pattern } from "../patterns/pattern-kinds.js";
import type { SizeLimits } from "../patterns/size-limits.js";
import type {
  Backend,
  Logger,
  MetricFamily,
  PatternBinders,
  PatternDescription,
  PluginContext,
  PluginDefinition,
} from "../plugin.js";
import { type AnyBinder, type BindingPlan, type BindingResult, Bindings } from "./bindings.js";
import { type CallsInFlight, type DrainCounts, drainingError } from "./calls-in-flight.js";
import { effectiveCapabilities } from "./effective-capabilities.js";
import { HealthBoard } from "./health-board.js";
import { ownMethods } from "./own-methods.js";
import { parsedOptions, parsedSettings } from "./parsed-settings.js";
import { ProcessMetrics } from "./process-metrics.js";

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
  /** What the operator wrote under `options`. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What the operator wrote under `durability`. `undefined`: nothing. */
  readonly durability: Durability | undefined;
  /** What the operator wrote under `limits` of sizes. */
  readonly sizeLimits: SizeLimits;
}

/** What became of a bind. */
export interface BindOutcome extends BindingResult {
  readonly limits: Readonly<Record<string, number>>;
}

/** A pattern that the plugin offers, on its open backend. */
interface OfferedPattern {
  readonly kind: PatternKind;
  readonly description: PatternDescription;
  readonly binder: AnyBinder;
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
    return { ...(await this.bindings.bind(binder, plan)), limits: namedBounds(plan.bounds) };
  }

  async plan(request: NamespaceRequest): Promise<BindOutcome> {
    const { binder, plan } = this.#planned(request);
    const changes = await this.bindings.plan(binder, plan);
    const { capabilities, durability, bounds } = plan;
    return { changes, capabilities: [...capabilities], durability, limits: namedBounds(bounds) };
  }

  async unbind(namespace: string, pattern: string, deleteData: boolean): Promise<readonly string[]> {
    const { binder, kind } = this.#offered(pattern);
    return this.bindings.unbind(binder, { namespace: checkedNamespace(namespace), kind, deleteData });
  }

  metrics(): readonly MetricFamily[] {
    const ofBackend = this.#state.phase === "serving" ? (this.#state.backend.metrics?.() ?? []) : [];
    return [...this.#metrics.families(this.#calls.count), ...ofBackend];
  }

  /** Takes no new calls, ends watches and other streams, waits for calls in flight at most `graceMs`, and ends the rest. */
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
    this.bindings.endStreams(drainingError());
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

  #planned(request: NamespaceRequest): { binder: AnyBinder; plan: BindingPlan } {
    const { namespace, pattern, needs, options, sizeLimits, durability: neededDurability } = request;
    const { kind, description, binder } = this.#offered(pattern);
    const plugin = this.plugin.name;
    checkedNamespace(namespace);
    const { durability = this.plugin.durability } = description;
    if (durability === "ephemeral" && neededDurability !== undefined && neededDurability !== durability) {
      throw durabilityMissingError(namespace, neededDurability, { durability });
    }
    const plan = {
      namespace,
      kind,
      capabilities: effectiveCapabilities(kind, description.capabilities, { namespace, needs, plugin }),
      options: parsedOptions(description.options, options, { namespace, pattern }),
      written: options,
      bounds: boundsOf(kind, description.limits),
      sizeLimits,
      durability,
      neededDurability,
      plugin,
    };
    return { binder, plan };
  }

  #offered(pattern: string): OfferedPattern {
    const kind = findPattern(pattern);
    const description = kind && this.plugin.patterns[kind.name as Pattern];
    if (kind === undefined || description === undefined) {
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
    const binder: AnyBinder | undefined = this.#state.backend[kind.member as keyof PatternBinders];
    if (binder !== undefined) return { kind, description, binder };
    throw new GatewayError(
      "INTERNAL",
      `Plugin ${this.plugin.name} declares ${kind.name}, but its backend has no ${kind.member}.`,
    );
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
