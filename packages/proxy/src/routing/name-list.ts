/** As many names as help to notice a typing error; a message is no inventory. */
const namesMax = 10;

/** Names for a message to a caller, in order, at most ten of them. */
export function listNames(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.toSorted().slice(0, namesMax);
  const more = names.length - shown.length;
  return more === 0 ? shown.join(", ") : `${shown.join(", ")} and ${more} more`;
}
