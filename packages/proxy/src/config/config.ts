import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { ControlStateLocation } from "@prism-data/control-state";
import { type Durability, noSizeLimits, type SizeLimits } from "@prism-data/pattern-sdk/protocol";
import type { Quota, Unserved } from "../messages.js";
import type { LogLevel } from "../telemetry/log.js";
import type { PluginProgram } from "../upstream/resolve-plugin.js";
import type { Address } from "./address.js";
import { type CapacityPolicy, toCapacityPolicy } from "./capacity.js";
import { controlStateLocation, sameLocation } from "./control-state.js";
import type { Limits } from "./limits.js";
import type { ParsedConfig } from "./schema.js";
import { type JsonMap, Settings } from "./settings.js";
import type { TlsConfig } from "./tls.js";

/** What the gateway runs on: complete, checked, frozen. */
export interface Config {
  /** The file that it came from. `undefined`: there was none and these are the defaults. */
  readonly file: string | undefined;
  /** Every file that it was read from, secret files included: what to watch. */
  readonly sources: readonly string[];
  /** The folder that relative paths are relative to: the file's. Absolute. */
  readonly workingDir: string;
  readonly listen: Address;
  /** `undefined`: the data port is not encrypted. */
  readonly tls: TlsConfig | undefined;
  readonly admin: { readonly listen: Address };
  /** Absolute. */
  readonly dataDir: string;
  /** Where what is declared over the admin API is kept. */
  readonly controlState: ControlStateLocation;
  readonly backends: ReadonlyMap<string, BackendConfig>;
  /** Those of the file that an operator has taken out of service: they are not among `backends`. */
  readonly disabledBackends: ReadonlyMap<string, DisabledBackendConfig>;
  readonly namespaces: ReadonlyMap<string, NamespaceConfig>;
  /** Names that are declared, and may be known to apps, but are no namespaces now. */
  readonly unserved: ReadonlyMap<string, Unserved>;
  readonly services: ReadonlyMap<string, ServiceConfig>;
  /** `undefined`: the load is not followed. */
  readonly capacity: CapacityPolicy | undefined;
  readonly limits: Limits;
  readonly shutdownGraceMs: number;
  readonly strictStart: boolean;
  readonly log: { readonly level: LogLevel };
}

/** One configured plugin. */
export interface BackendConfig {
  readonly name: string;
  /** What the operator wrote: the plugin's name, or the command. For people. */
  readonly plugin: string;
  readonly program: PluginProgram;
  readonly settings: Settings;
  readonly replicas: ReplicaBounds;
  readonly startTimeoutMs: number;
  readonly drainTimeoutMs: number;
}

/** How many processes of its plugin a backend may have. */
export interface ReplicaBounds {
  /** What it starts with. */
  readonly min: number;
  readonly max: number;
}

/** One that is configured and out of service. */
export interface DisabledBackendConfig {
  readonly backend: BackendConfig;
  /** Why, in the operator's words; may be empty. */
  readonly reason: string;
  /** Epoch ms. */
  readonly disableTimeMs: number;
}

/** One configured namespace. */
export interface NamespaceConfig {
  readonly name: string;
  readonly pattern: string;
  readonly backend: string;
  /** `undefined`: everything that the plugin has. */
  readonly needs: readonly string[] | undefined;
  /** How it is made on its backend, in the plugin's terms. */
  readonly options: JsonMap;
  /** The least that an acknowledged write must survive. `undefined`: anything goes. */
  readonly durability: Durability | undefined;
  readonly timeoutMs: number;
  /** `undefined`: as much as comes. */
  readonly quota: Quota | undefined;
  /** What one request may hold. */
  readonly sizeLimits: SizeLimits;
  /** As it was written; references to secrets are not resolved in it. */
  readonly declaration: JsonMap;
  /** What plans leave as it is. Not given: nothing. */
  readonly pin?: readonly string[];
  /** The messages in it. Not given: nothing is said of them. */
  readonly schema?: NamespaceSchema;
}

/** What is said of the messages in a namespace. */
export interface NamespaceSchema {
  readonly compatibility: "wire_json" | "none";
  /** The full name of the message; `undefined`: the file keeps none. */
  readonly message: string | undefined;
  /** Its descriptor set, relative to the configuration; `undefined`: the file keeps none. */
  readonly file: string | undefined;
}

/** One of a plugin's own services. */
export interface ServiceConfig {
  readonly backend: string;
}

/** Whether two configurations ask for the same. */
export function sameConfig(left: Config, right: Config): boolean {
  const sameSettings = [...left.backends].every(([name, backend]) => {
    const other = right.backends.get(name);
    return other !== undefined && backend.settings.equals(other.settings);
  });
  return sameSettings && sameLocation(left.controlState, right.controlState) && isDeepStrictEqual(left, right);
}

/** The parts that are read once, at start, and that differ, by their path in the file. */
export function changedStartOptions(left: Config, right: Config): readonly string[] {
  const options = [
    ["listen", left.listen, right.listen],
    ["tls", left.tls, right.tls],
    ["admin.listen", left.admin.listen, right.admin.listen],
    ["data_dir", left.dataDir, right.dataDir],
    ["limits", left.limits, right.limits],
    ["log", left.log, right.log],
  ] as const;
  const changed = options.filter(([, before, after]) => !isDeepStrictEqual(before, after)).map(([path]) => path);
  const isElsewhere = left.dataDir === right.dataDir && !sameLocation(left.controlState, right.controlState);
  return isElsewhere ? [...changed, "control_state"] : changed;
}

/** Puts a checked configuration into the shape that the gateway uses. */
export function toConfig(
  parsed: ParsedConfig,
  from: {
    readonly origin: { file: string | undefined; sources: readonly string[]; workingDir: string };
    readonly programs: ReadonlyMap<string, PluginProgram>;
    /** The namespaces as they were written, by name. */
    readonly declarations: Readonly<Record<string, JsonMap>>;
  },
): Config {
  const { origin, programs, declarations } = from;
  const { workingDir } = origin;
  const dataDir = path.resolve(workingDir, parsed.data_dir);
  const backends = Object.entries(parsed.backends).map(
    ([name, backend]) => [name, toBackend(name, backend, programs.get(name)!)] as const,
  );
  const namespaces = Object.entries(parsed.namespaces).map(
    ([name, namespace]) => [name, toNamespace(name, namespace, declarations[name]!)] as const,
  );
  return Object.freeze({
    ...origin,
    listen: Object.freeze(parsed.listen),
    tls: parsed.tls && Object.freeze(toTlsConfig(parsed.tls, workingDir)),
    admin: Object.freeze({ listen: Object.freeze(parsed.admin.listen) }),
    dataDir,
    controlState: Object.freeze(controlStateLocation(parsed.control_state, { dataDir, workingDir })),
    backends: new Map(backends),
    disabledBackends: new Map(),
    namespaces: new Map(namespaces),
    unserved: new Map(),
    services: new Map(Object.entries(parsed.services)),
    capacity: toCapacityPolicy(parsed.capacity),
    limits: Object.freeze(toLimits(parsed.limits)),
    shutdownGraceMs: parsed.shutdown_grace,
    strictStart: parsed.strict_start,
    log: Object.freeze({ level: parsed.log.level }),
  });
}

function toBackend(name: string, backend: ParsedConfig["backends"][string], program: PluginProgram): BackendConfig {
  return Object.freeze({
    name,
    plugin: backend.plugin ?? backend.command?.join(" ") ?? "",
    program,
    settings: new Settings(backend.settings),
    replicas: Object.freeze(toReplicaBounds(backend.replicas)),
    startTimeoutMs: backend.start_timeout,
    drainTimeoutMs: backend.drain_timeout,
  });
}

function toReplicaBounds(replicas: ParsedConfig["backends"][string]["replicas"]): ReplicaBounds {
  return typeof replicas === "number" ? { min: replicas, max: replicas } : replicas;
}

/** Puts a checked namespace into the shape that the gateway uses. */
export function toNamespace(
  name: string,
  namespace: ParsedConfig["namespaces"][string],
  declaration: JsonMap,
): NamespaceConfig {
  return Object.freeze({
    name,
    pattern: namespace.pattern,
    backend: namespace.backend,
    needs: namespace.needs && Object.freeze([...new Set(namespace.needs)].sort()),
    options: Object.freeze(namespace.options),
    durability: namespace.durability,
    timeoutMs: namespace.timeout,
    quota: quotaOf(namespace.limits),
    sizeLimits: sizeLimitsOf(namespace.limits),
    declaration,
    ...(namespace.pin !== undefined && { pin: Object.freeze(namespace.pin) }),
    ...(namespace.schema !== undefined && { schema: toNamespaceSchema(namespace.schema) }),
  });
}

function toNamespaceSchema({
  compatibility,
  message,
  file,
}: NonNullable<ParsedConfig["namespaces"][string]["schema"]>): NamespaceSchema {
  return Object.freeze({ compatibility, message, file });
}

function toLimits(limits: ParsedConfig["limits"]): Config["limits"] {
  return {
    messageBytes: limits.message_size,
    headerListBytes: limits.header_size,
    streamsPerConnection: limits.streams_per_connection,
    connections: limits.connections,
    connectionAgeMs: limits.connection_age,
    connectionAgeGraceMs: limits.connection_age_grace,
    keepaliveIntervalMs: limits.keepalive_interval,
    keepaliveTimeoutMs: limits.keepalive_timeout,
    callsInFlight: limits.calls_in_flight,
    unreadBytes: limits.unread_size,
    handshakeTimeoutMs: limits.handshake_timeout,
    idleTimeoutMs: limits.idle_timeout,
    requestTimeoutMs: limits.request_timeout,
  };
}

function toTlsConfig(tls: NonNullable<ParsedConfig["tls"]>, workingDir: string): TlsConfig {
  return {
    certFile: path.resolve(workingDir, tls.cert_file),
    keyFile: path.resolve(workingDir, tls.key_file),
    clientCaFile: tls.client_ca_file === undefined ? undefined : path.resolve(workingDir, tls.client_ca_file),
    clientCertificates: tls.client_certificates,
    minVersion: tls.min_version,
  };
}

function sizeLimitsOf(limits: ParsedConfig["namespaces"][string]["limits"]): SizeLimits {
  if (limits === undefined) return noSizeLimits;
  return { valueBytes: limits.value_size, batchEntries: limits.batch_size };
}

function quotaOf(limits: ParsedConfig["namespaces"][string]["limits"]): Quota | undefined {
  if (limits === undefined) return undefined;
  const { calls_per_second: callsPerSecond, burst = callsPerSecond } = limits;
  return {
    callsPerSecond,
    burst,
    callsInFlight: limits.calls_in_flight,
    bytesPerSecond: limits.bytes_per_second,
    storageBytes: limits.storage_size,
  };
}
