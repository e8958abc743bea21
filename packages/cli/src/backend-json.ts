import { type adminv1, msFromTimestamp, pluginv1 } from "@prism-data/pattern-sdk/protocol";

/** A backend in the names of proto3 JSON. */
export function backendJson(backend: adminv1.Backend): Record<string, unknown> {
  const { stateTime, pid, health, ...rest } = backend;
  return {
    ...rest,
    pid: Number(pid),
    health: healthName(health),
    ...(stateTime !== undefined && { stateTime: new Date(msFromTimestamp(stateTime)).toISOString() }),
  };
}

/** What a plugin says of itself, in the names of proto3 JSON; the schema of its settings as JSON, not as text. */
export function pluginJson(plugin: pluginv1.DescribeResponse): Record<string, unknown> {
  const { patterns, durability, settingsSchema, fileDescriptorSet, ...rest } = plugin;
  return {
    ...rest,
    durability: durabilityName(durability),
    patterns: patterns.map((pattern) => ({ ...pattern, limits: numbers(pattern.limits) })),
    settingsSchema: parsedOrText(settingsSchema),
  };
}

/** reachable, unreachable or unknown. */
export function healthName(health: number): string {
  if (health === pluginv1.BackendHealth.REACHABLE) return "reachable";
  return health === pluginv1.BackendHealth.UNREACHABLE ? "unreachable" : "unknown";
}

/** ephemeral, disk, backend or unspecified. */
export function durabilityName(durability: number): string {
  const name = Object.entries(pluginv1.Durability).find(([, number]) => number === durability)?.[0];
  return (name ?? "UNSPECIFIED").toLowerCase();
}

function numbers(limits: Readonly<Record<string, bigint>>): Record<string, number> {
  return Object.fromEntries(Object.entries(limits).map(([name, limit]) => [name, Number(limit)]));
}

function parsedOrText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // A plugin in another language may leave it empty; what it said is shown as it is.
    return json;
  }
}
