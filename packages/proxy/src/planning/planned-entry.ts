import type { NamespaceEntry } from "@prism-data/planner";
import type { NamespaceConfig } from "../config/config.js";
import type { JsonMap } from "../config/settings.js";

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

/** The entry as JSON has it. */
export function entryJson(entry: NamespaceEntry): JsonMap {
  return JSON.parse(JSON.stringify(entry)) as JsonMap;
}
