import type { BreakingChange } from "./breaking-change.js";
import type { Reserved } from "./schema.js";

/** What was taken away without being kept from use. */
export function deleted(
  at: string,
  what: "FIELD" | "ENUM_VALUE",
  { number, name }: { readonly number: number; readonly name: string },
  { ranges, names }: Reserved,
): readonly BreakingChange[] {
  const rule = `${what}_NO_DELETE_UNLESS`;
  const advice = "is gone, and whoever used it again would misread what is kept: add reserved";
  const isNumberReserved = ranges.some(([first, last]) => first <= number && number <= last);
  return [
    ...(names.includes(name) ? [] : [{ rule: `${rule}_NAME_RESERVED`, at, message: `${advice} "${name}"` }]),
    ...(isNumberReserved ? [] : [{ rule: `${rule}_NUMBER_RESERVED`, at, message: `${advice} ${number}` }]),
  ];
}

/** What may be used again although it must not. */
export function reservedChanges(
  what: "MESSAGE" | "ENUM",
  at: string,
  was: Reserved,
  is: Reserved,
): readonly BreakingChange[] {
  const rule = `RESERVED_${what}_NO_DELETE`;
  const names = was.names.filter((name) => !is.names.includes(name));
  const ranges = was.ranges.filter((range) => !isCovered(range, is.ranges));
  return [
    ...names.map((name) => ({ rule, at, message: `keeps the name "${name}" reserved no more` })),
    ...ranges.map(([first, last]) => ({
      rule,
      at,
      message: `keeps ${first === last ? `the number ${first}` : `all of ${first} to ${last}`} reserved no more`,
    })),
  ];
}

function isCovered([first, last]: readonly [number, number], ranges: Reserved["ranges"]): boolean {
  let next = first;
  for (const [from, to] of ranges.toSorted(([one], [other]) => one - other)) {
    if (from > next) break;
    next = Math.max(next, to + 1);
  }
  return next > last;
}
