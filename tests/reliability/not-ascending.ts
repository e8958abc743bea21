/** The items whose number is not above that of an earlier one of the same series. */
export function notAscending<T>(
  items: readonly T[],
  placeOf: (item: T) => readonly [series: unknown, number: number],
): T[] {
  const highest = new Map<unknown, number>();
  return items.filter((item) => {
    const [series, number] = placeOf(item);
    const before = highest.get(series) ?? Number.NEGATIVE_INFINITY;
    highest.set(series, Math.max(before, number));
    return number <= before;
  });
}

/** The items that were there before. */
export function repeated<T>(items: readonly T[], nameOf: (item: T) => string): T[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.size === seen.add(nameOf(item)).size);
}
