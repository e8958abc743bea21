import type { Capacity } from "./capacity/capacity.js";
import type { Needs } from "./needs.js";
import type { OfferedPattern } from "./offer.js";

/** A namespace as prism.yaml has it, as far as plans make it. */
export interface NamespaceEntry {
  readonly pattern: string;
  readonly backend: string;
  readonly needs?: readonly string[];
  readonly durability?: string;
  readonly options?: Readonly<Record<string, string | number | boolean>>;
  readonly limits?: Readonly<Record<string, number | string>>;
  /** What an operator has decided, by its path in the entry, such as `options.partitions`: plans leave it as it is. */
  readonly pin?: readonly string[];
}

/** What an operator has pinned, against what the needs come to. */
export interface Pin {
  /** Its path in the entry, such as `options.partitions`. */
  readonly key: string;
  /** As it is and stays; `undefined`: not set. */
  readonly value: string | undefined;
  /** As the needs would have it; `undefined`: not set. */
  readonly planned: string | undefined;
}

/** Capabilities that plans ask for. */
const plannedNeeds = ["partitions", "growth", "retention"];

/** The entry that the needs come to. What plans have no opinion on stays as the operator has it. */
export function entryOf(
  needs: Needs,
  backend: string,
  { capabilities }: OfferedPattern,
  { options, callsPerSecond }: Capacity,
  existing: NamespaceEntry | undefined,
): NamespaceEntry {
  const { retention_period: _, ...kept } = existing?.options ?? {};
  const made = { ...kept, ...options };
  const limits = { ...existing?.limits, ...(callsPerSecond !== undefined && { calls_per_second: callsPerSecond }) };
  const used = [
    ...(Number(made.partitions ?? 1) > 1 ? ["partitions"] : []),
    ...(made.growable === true && capabilities.includes("growth") ? ["growth"] : []),
    ...("retention_period" in made && capabilities.includes("retention") ? ["retention"] : []),
  ];
  // Without needs a namespace has all that its backend offers: an operator who wants that keeps it.
  const others = existing?.needs?.filter((one) => !plannedNeeds.includes(one)) ?? [];
  const all = existing !== undefined && existing.needs === undefined ? [] : [...used, ...others];
  return {
    pattern: needs.pattern,
    backend,
    ...(all.length > 0 && { needs: all }),
    ...(needs.durability !== undefined && { durability: needs.durability }),
    ...(Object.keys(made).length > 0 && { options: made }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(existing?.pin !== undefined && { pin: existing.pin }),
  };
}

/** The entry with what the operator pinned as it is. */
export function pinned(existing: NamespaceEntry | undefined, entry: NamespaceEntry): NamespaceEntry {
  return (existing?.pin ?? []).reduce((sum, key) => withValue(sum, key, valueAt(existing!, key)), entry);
}

/** What the pins keep, against what would be made. */
export function pinsOf(existing: NamespaceEntry | undefined, wanted: NamespaceEntry): readonly Pin[] {
  return (existing?.pin ?? []).map((key) => ({
    key,
    value: textOf(valueAt(existing!, key)),
    planned: textOf(valueAt(wanted, key)),
  }));
}

function valueAt(entry: NamespaceEntry, key: string): unknown {
  return key.split(".").reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], entry);
}

function withValue(entry: NamespaceEntry, key: string, value: unknown): NamespaceEntry {
  const [first = "", second] = key.split(".");
  const map = entry as unknown as Readonly<Record<string, unknown>>;
  const inner = (map[first] ?? {}) as Readonly<Record<string, unknown>>;
  const next = second === undefined ? value : cleaned({ ...inner, [second]: value });
  return cleaned({ ...map, [first]: next }) as unknown as NamespaceEntry;
}

/** Without what is not set. */
function cleaned(map: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => value !== undefined));
}

const textOf = (value: unknown) => (value === undefined ? undefined : String(value));
