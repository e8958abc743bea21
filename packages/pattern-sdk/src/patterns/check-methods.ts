import { GatewayError } from "../errors.js";
import type { PatternKind } from "./pattern-kind.js";

/** Refuses a store that lacks a method of what it is said to do: a defect of the plugin, found before the first call. */
export function checkMethods(
  kind: PatternKind,
  { pattern, capabilities, plugin }: { pattern: object; capabilities: Iterable<string>; plugin: string },
): void {
  const promised = [...capabilities].flatMap((capability) => kind.promises[capability]?.methods ?? []);
  const needed = new Set([...kind.requiredMethods, ...promised]);
  const missing = [...needed].filter((method) => typeof (pattern as Record<string, unknown>)[method] !== "function");
  if (missing.length === 0) return;
  throw new GatewayError(
    "INTERNAL",
    `Plugin ${plugin} declares capabilities whose methods it does not have: ${missing.join(", ")}. This is a defect of the plugin.`,
  );
}
