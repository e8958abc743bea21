import type { NamespaceEntry } from "@prism-data/planner";
import type { NamespaceConfig } from "../config/config.js";
import type { JsonMap } from "../config/settings.js";

/** What plans decide of a declaration; the rest of it stays as it is. */
const plannedKeys: ReadonlySet<string> = new Set([
  "pattern",
  "backend",
  "needs",
  "durability",
  "options",
  "limits",
  "pin",
] satisfies (keyof NamespaceEntry)[]);

/** The part of a namespace that plans decide, as it is configured now. */
export function plannedEntry({
  pattern,
  backend,
  needs,
  durability,
  options,
  declaration,
  pin,
}: NamespaceConfig): NamespaceEntry {
  return {
    pattern,
    backend,
    ...(needs !== undefined && { needs }),
    ...(durability !== undefined && { durability }),
    options: options as NamespaceEntry["options"] & object,
    // With the units that they were written with.
    limits: (declaration.limits ?? {}) as NamespaceEntry["limits"] & object,
    ...(pin !== undefined && { pin }),
  };
}

/** A declaration that becomes as planned; what plans do not decide stays as it was before. */
export function withPlanned<Value>(
  before: Readonly<Record<string, Value>>,
  entry: Readonly<Record<string, Value>>,
): Readonly<Record<string, Value>> {
  const others = Object.entries(before).filter(([key]) => !plannedKeys.has(key));
  return { ...entry, ...Object.fromEntries(others) };
}

/** The entry as JSON has it. */
export function entryJson(entry: NamespaceEntry): JsonMap {
  return JSON.parse(JSON.stringify(entry)) as JsonMap;
}
