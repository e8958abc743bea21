import { type adminv1, durabilityOfWire, pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { rfc3339 } from "./proto-json.js";

/** A backend in the names of proto3 JSON. */
export function backendJson(backend: adminv1.Backend): Record<string, unknown> {
  return { ...processJson(backend), replicas: backend.replicas.map(processJson) };
}

function processJson<T extends adminv1.Backend | adminv1.Replica>(message: T): Record<string, unknown> {
  const { stateTime, pid, health, ...rest } = message;
  return {
    ...rest,
    pid: Number(pid),
    health: healthName(health),
    ...(stateTime !== undefined && { stateTime: rfc3339(stateTime) }),
  };
}

/** For people: the backend and the processes that serve it. */
export function servedBy(name: string, backend: adminv1.Backend | undefined): string {
  const pids = backend?.replicas.map(({ pid }) => pid).filter((pid) => pid !== 0n) ?? [];
  return `${name} is served by ${pids.length === 0 ? "no process" : `process ${pids.join(", ")}`}\n`;
}

/** What a plugin says of itself, in the names of proto3 JSON; the schema of its settings as JSON, not as text. */
export function pluginJson(plugin: pluginv1.DescribeResponse): Record<string, unknown> {
  const { patterns, durability, settingsSchema, fileDescriptorSet, ...rest } = plugin;
  return {
    ...rest,
    durability: durabilityName(durability),
    patterns: patterns.map(patternJson),
    settingsSchema: parsedOrText(settingsSchema),
  };
}

function patternJson(pattern: pluginv1.PatternDescription): Record<string, unknown> {
  const { limits, durability, optionsSchema, countsStorage, ...rest } = pattern;
  return {
    ...rest,
    limits: numbers(limits),
    ...(durability !== pluginv1.Durability.UNSPECIFIED && { durability: durabilityName(durability) }),
    ...(optionsSchema !== "" && { optionsSchema: parsedOrText(optionsSchema) }),
    ...(countsStorage && { countsStorage }),
  };
}

/** reachable, unreachable or unknown. */
export function healthName(health: number): string {
  if (health === pluginv1.BackendHealth.REACHABLE) return "reachable";
  return health === pluginv1.BackendHealth.UNREACHABLE ? "unreachable" : "unknown";
}

/** ephemeral, disk, backend or unspecified. */
export function durabilityName(durability: number): string {
  return durabilityOfWire(durability) ?? "unspecified";
}

function numbers(limits: Readonly<Record<string, bigint>>): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, Number(limit)]));
}

/** What a JSON text stands for; the text where it is none. */
export function parsedOrText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // A plugin in another language may leave it empty; what it said is shown as it is.
    return json;
  }
}
