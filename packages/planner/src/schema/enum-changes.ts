import type { BreakingChange } from "./breaking-change.js";
import { deleted, reservedChanges } from "./reserved-changes.js";
import type { SchemaEnum } from "./schema.js";

/** What breaks readers of an enum. */
export function enumChanges(name: string, was: SchemaEnum, is: SchemaEnum): readonly BreakingChange[] {
  const ofValues = [...was.values].flatMap(([number, names]): readonly BreakingChange[] => {
    const next = is.values.get(number);
    const at = `${name}.${names[0]}`;
    if (next === undefined)
      return names.flatMap((one) => deleted(at, "ENUM_VALUE", { number, name: one }, is.reserved));
    if (names.every((one) => next.includes(one))) return [];
    const message = `${number} is called ${names.join(" and ")}, and would be called ${next.join(" and ")}`;
    return [{ rule: "ENUM_VALUE_SAME_NAME", at, message }];
  });
  return [...ofValues, ...reservedChanges("ENUM", name, was.reserved, is.reserved)];
}
