import type { NamespaceEntry } from "./entry.js";

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

/** A declaration that becomes as planned; what plans do not decide, such as a timeout, stays as it was before. Pure. */
export function withPlanned<Entry extends object>(before: object, entry: Entry): Entry {
  const others = Object.entries(before).filter(([key]) => !plannedKeys.has(key));
  return { ...entry, ...Object.fromEntries(others) };
}
