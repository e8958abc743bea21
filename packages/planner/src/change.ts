import type { NamespaceEntry } from "./entry.js";
import { parseDuration } from "./quantity.js";

/** One key of a namespace that changes; `undefined`: it is not there. */
export interface Change {
  readonly key: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** What a plan does with one namespace. */
export type Action =
  | { readonly kind: "create" | "keep" }
  | { readonly kind: "change"; readonly changes: readonly Change[] }
  | { readonly kind: "refuse"; readonly reason: string };

/** What is to be done to make an entry of what is there. */
export function actionOf(existing: NamespaceEntry | undefined, entry: NamespaceEntry, allowDataLoss: boolean): Action {
  if (existing === undefined) return { kind: "create" };
  const changes = changesBetween(existing, entry);
  if (changes.length === 0) return { kind: "keep" };
  const fixed = changes.find((change) => isFixed(change, entry));
  if (fixed !== undefined) return { kind: "refuse", reason: whyFixed(fixed) };
  const shorter = changes.find(({ key, from, to }) => /retention/.test(key) && keptMs(to) < keptMs(from));
  if (shorter !== undefined && !allowDataLoss) {
    const reason = `${shorter.key} would become ${shorter.to} instead of ${shorter.from ?? "for ever"}, which deletes data; say --allow-data-loss`;
    return { kind: "refuse", reason };
  }
  return { kind: "change", changes };
}

function isFixed({ key, from = "1", to }: Change, { options }: NamespaceEntry): boolean {
  if (key === "options.partitions") return options?.growable !== true || Number(to) < Number(from);
  return key === "pattern" || key === "backend";
}

function whyFixed({ key, from = "none", to = "none" }: Change): string {
  if (key === "options.partitions") {
    const grows = Number(to) > Number(from) ? "; where that is no loss, options.growable: true lets it get more" : "";
    return `it has ${from} partitions and would get ${to}: keys would move to others, so their number cannot change${grows}; to keep ${from}, add pin: [${key}] to the namespace in prism.yaml`;
  }
  return `its ${key} is ${from} and would become ${to}: its data cannot move`;
}

/** Not given: for ever. */
function keptMs(text: string | undefined): number {
  return text === undefined ? Number.POSITIVE_INFINITY : (parseDuration(text) ?? Number.POSITIVE_INFINITY);
}

function changesBetween(from: NamespaceEntry, to: NamespaceEntry): readonly Change[] {
  const [before, after] = [flat(from), flat(to)];
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys
    .map((key) => ({ key, from: before.get(key), to: after.get(key) }))
    .filter((change) => change.from !== change.to);
}

function flat({
  options = {},
  limits = {},
  needs = [],
  pin: _,
  ...entry
}: NamespaceEntry): ReadonlyMap<string, string> {
  const all = { ...entry, ...(needs.length > 0 && { needs: [...needs].sort().join(", ") }) };
  const under = (name: string, values: object) =>
    Object.entries(values).map(([key, value]) => [`${name}.${key}`, value]);
  const entries = [...Object.entries(all), ...under("options", options), ...under("limits", limits)];
  return new Map(entries.map(([key, value]) => [String(key), String(value)]));
}
