import { isDeepStrictEqual } from "node:util";
import type { BindingPlan } from "./bindings.js";

/** Whether a bind that is repeated asks the binder for nothing else. What sizes are allowed is none of its business. */
export function asksTheSame(one: BindingPlan, other: BindingPlan): boolean {
  return (
    isDeepStrictEqual(one.capabilities, other.capabilities) &&
    isDeepStrictEqual(one.options, other.options) &&
    one.neededDurability === other.neededDurability
  );
}

/**
 * What differs between what a namespace is bound with and what is asked for, for people, in the operator's words. `verb`: such as "would
 * change".
 */
export function askedChanges(verb: string, before: BindingPlan, after: BindingPlan): string[] {
  const isSameOptions = isDeepStrictEqual(before.options, after.options);
  const [was, is] = [before, after].map((plan) => asked(plan, isSameOptions ? {} : plan.written)) as [Asked, Asked];
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => was[name] !== is[name]);
  if (names.length === 0) return [];
  const differences = names.map((name) => `${name} ${was[name] ?? "not set"} -> ${is[name] ?? "not set"}`);
  return [`${verb} how the namespace is bound: ${differences.join(", ")}`];
}

/** By the names that stand in `prism.yaml`. */
type Asked = Readonly<Record<string, string | number | undefined>>;

function asked({ capabilities, neededDurability, sizeLimits }: BindingPlan, options: BindingPlan["written"]): Asked {
  const written = Object.entries(options).map(([name, value]) => [`options.${name}`, JSON.stringify(value)]);
  return {
    needs: [...capabilities].sort().join(" ") || "nothing",
    durability: neededDurability,
    "limits.value_size": sizeLimits.valueBytes,
    "limits.batch_size": sizeLimits.batchEntries,
    ...Object.fromEntries(written),
  };
}
