/**
 * Shares partitions 0 to `partitions` - 1 among members, so that none has two more than another, starting from what each has: who has
 * too many gives its last ones up, and only those and the free ones are handed out. Pure.
 */
export function balancedShares(
  current: readonly ReadonlySet<number>[],
  partitions: number,
): readonly ReadonlySet<number>[] {
  const quotas = quotasOf(current, partitions);
  const shares = current.map((share, index) => new Set([...share].sort((a, b) => a - b).slice(0, quotas[index])));
  const taken = new Set(shares.flatMap((share) => [...share]));
  const free = Array.from({ length: partitions }, (_, partition) => partition).filter((one) => !taken.has(one));
  for (const [index, share] of shares.entries()) {
    for (const partition of free.splice(0, quotas[index]! - share.size)) share.add(partition);
  }
  return shares;
}

/** How many each gets. What does not divide evenly stays with those who have most. */
function quotasOf(current: readonly ReadonlySet<number>[], partitions: number): readonly number[] {
  const least = Math.floor(partitions / current.length);
  const byShare = [...current.keys()].sort((a, b) => current[b]!.size - current[a]!.size);
  const withOneMore = new Set(byShare.slice(0, partitions % current.length));
  return current.map((_, index) => (withOneMore.has(index) ? least + 1 : least));
}
