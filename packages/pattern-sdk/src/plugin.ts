import type { GrpcMethod } from "@prism-data/transport";
import type { z } from "zod";
import type { Awaitable } from "./awaitable.js";
import type { Durability, GivenDurability } from "./durability.js";
import type { PatternTypes } from "./patterns/pattern-kind.js";
import type { Pattern, TypesOf } from "./patterns/pattern-kinds.js";

/** What a plugin says of one pattern, without being run. */
export interface PatternDescription<Types extends PatternTypes = PatternTypes> {
  /** What the plugin promises beyond the pattern's minimum. */
  readonly capabilities: readonly Types["capability"][];
  /** The bounds that it holds apps to. Default: the pattern's. */
  readonly limits?: Types["limits"];
  /**
   * The most that an acknowledged write can survive, where that is not what the plugin says for all of its patterns. `ephemeral`
   * is final: a namespace that needs more is refused by the description alone.
   */
  readonly durability?: Durability;
  /**
   * The strict schema of what an operator may write under a namespace's `options`: types, defaults, bounds, descriptions. A
   * namespace without options is parsed as `{}`. Default: the pattern takes no options.
   */
  readonly options?: z.ZodType;
  /** Namespaces can be asked what they hold: they have `Bound.storageBytes`. Default: no. */
  readonly countsStorage?: boolean;
}

/** What a plugin says of its patterns. */
export type PatternDescriptions = { readonly [Name in Pattern]?: PatternDescription<TypesOf<Name>> };

/** What the binder of a pattern gets as `options`: parsed by the pattern's schema, `undefined` if it has none. */
export type OptionsOf<Description> = Description extends { readonly options?: infer Schema }
  ? Schema extends z.ZodType
    ? z.output<Schema>
    : undefined
  : undefined;

/** What a plugin says of the gRPC services that it serves beyond the patterns, without being run. */
export interface OwnServices {
  /** Full names, such as `acme.search.v1.SearchService`. `services` in `prism.yaml` routes each whole, by this name. */
  readonly names: readonly string[];
  /**
   * A serialized `google.protobuf.FileDescriptorSet` of the services with all imports, for reflection and HTTP/JSON; `buf build`
   * writes one. Default: none; apps then call the services by gRPC only.
   */
  readonly fileDescriptorSet?: Uint8Array;
}

/** What the plugin's process hands to the code that opens a backend. */
export interface PluginContext {
  /** The backend's name in the configuration, for log lines and names on the data system. */
  readonly backend: string;
  /** The folder that relative paths in settings are relative to. Absolute. */
  readonly workingDir: string;
  /** A folder that the plugin may keep files in. Absolute; may not exist yet. */
  readonly dataDir: string;
  /** Writes JSON lines that the proxy re-emits. */
  readonly log: Logger;
  /** Says whether the data system answers. Call it on every change; the last call counts. Until the first: not known. */
  reportHealth(health: BackendHealth): void;
}

/** Whether the data system behind the plugin answers; `message` says why not, without secrets. */
export type BackendHealth = { readonly reachable: true } | { readonly reachable: false; readonly message: string };

/** Constant message, facts in fields. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A namespace that the proxy asks to make real. */
export interface Binding<Options = undefined> {
  /** 1 to 128 bytes of UTF-8, any character. Names that differ in any byte must never share data. */
  readonly namespace: string;
  /**
   * The capabilities that calls may use: all that the plugin declares, or the ones that the operator wrote under `needs`.
   * The plugin may keep what only one of them costs (an index, a change log) for bindings that have it.
   */
  readonly capabilities: ReadonlySet<string>;
  /** The namespace's options, parsed by the schema in the pattern's description. `undefined`: the pattern has none. */
  readonly options: Options;
}

/** A namespace made real. */
export interface Bound<P> {
  /** The pattern on this namespace. Used until `unbind` or the end of the process. */
  readonly pattern: P;
  /** What was made, one line each, for people. */
  readonly changes?: readonly string[];
  /** The capabilities that calls may use, when they are more than `binding.capabilities`. */
  readonly capabilities?: readonly string[];
  /**
   * Says what an acknowledged write to this namespace survives as the data system is set now, where that is not what the
   * pattern's description says. Called once for each bind; throws `BACKEND_UNAVAILABLE` when the data system cannot be asked.
   */
  durability?(): Awaitable<GivenDurability>;
  /**
   * How many bytes the namespace holds now, with what is kept beside the data, as far as that is known. There exactly if the
   * pattern's description has `countsStorage`. Asked every few seconds where an operator has set a limit, so that it must cost
   * little, whatever is held. Throws `BACKEND_UNAVAILABLE` when the data system cannot be asked.
   */
  storageBytes?(): Awaitable<number>;
  /** Stops what the binding runs (timers, subscriptions). Data stays. */
  close?(): Awaitable<void>;
}

/** One pattern of an open backend: how namespaces are made real and removed. Calls for one namespace never overlap. */
export interface PatternBinder<P, Options = undefined> {
  /**
   * Makes the namespace real. Idempotent; called again, with the namespace bound, when its needs or options have changed, or when `plan`
   * says that the data system has something else. Throws `GatewayError` when it cannot be.
   */
  bind(binding: Binding<Options>): Awaitable<Bound<P>>;
  /**
   * Says what `bind` would make or put right, one line each, and changes nothing; right after a `bind` nothing. Asked before each bind
   * that repeats an earlier one. Default: nothing to make.
   */
  plan?(binding: Binding<Options>): Awaitable<readonly string[]>;
  /** Removes every trace of the namespace's data. Returns what was removed, one line each; `undefined` says no more than that. */
  deleteData(namespace: string): Awaitable<readonly string[] | undefined>;
}

/** The binders of a backend: each pattern's under its own name, there exactly if the plugin declares the pattern. */
export type PatternBinders<Descriptions extends PatternDescriptions = PatternDescriptions> = {
  readonly [Name in Pattern as TypesOf<Name>["member"]]?: PatternBinder<
    TypesOf<Name>["api"],
    OptionsOf<NonNullable<Descriptions[Name]>>
  >;
};

/** One metric of a plugin, named by Prometheus' conventions. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly kind: "counter" | "gauge";
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** An open backend: the driver is connected, or trying to. */
export interface Backend<Descriptions extends PatternDescriptions = PatternDescriptions>
  extends PatternBinders<Descriptions> {
  /**
   * The methods of the plugin's own services, by path (`/acme.search.v1.SearchService/Find`). There exactly if the plugin declares
   * `services`, with at least one method for each. `serviceMethods` makes them of a generated service. Calls run concurrently.
   */
  readonly services?: ReadonlyMap<string, GrpcMethod>;
  /** Reads the plugin's own metrics. Called on every scrape; must be cheap. */
  metrics?(): readonly MetricFamily[];
  /** Closes the driver. Called once, after the last call has ended. Default: nothing to close. */
  close?(): Awaitable<void>;
}

/** What a plugin is. Made by `definePlugin`, run by `servePlugin`. */
export interface PluginDefinition<
  Settings extends z.ZodType = z.ZodType,
  Descriptions extends PatternDescriptions = PatternDescriptions,
> {
  /** The short name: lower-case letters, digits and `-`. */
  readonly name: string;
  /** The package's version, as semver. */
  readonly version: string;
  /** What an acknowledged write survives. */
  readonly durability: Durability;
  /** The strict schema of the backend's settings: types, defaults, bounds, descriptions. */
  readonly settings: Settings;
  /** What the plugin offers, by pattern. Empty only for a plugin with services of its own. */
  readonly patterns: Descriptions;
  /** What the plugin offers beyond the patterns. Default: nothing. */
  readonly services?: OwnServices;
  /**
   * Whether several processes of the plugin may serve one backend at once, each with all of its namespaces. Then whatever one of them
   * does must be seen by the others on the data system, and any of them must be able to finish what another began: to acknowledge a
   * message that it handed out, to go on with a page token. The conformance suite spawns two processes and gives each every other
   * call. Default: no, the process is the only one.
   */
  readonly replicable?: boolean;
  /**
   * Opens the backend. A data system that does not answer now is no failure: return, go on trying, and report health.
   * Throws `GatewayError` `INVALID_SETTINGS` for settings that can never work.
   */
  open(settings: z.output<Settings>, context: PluginContext): Awaitable<Backend<Descriptions>>;
}
