/** The middle of the values; of an even number of them the lower one of the two, which is a value that was measured. */
export function median(values) {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted, share) {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
}

/** How far a ratio of two equal things strays from 1 in the worst round, as a share: 0.1 is 10 %. */
export function noiseOf(ratios) {
  return Math.max(...ratios.map((ratio) => Math.exp(Math.abs(Math.log(ratio))) - 1));
}

/** Records of the same figures as one list per figure. */
export function columnsOf(records) {
  const names = Object.keys(records[0]);
  return Object.fromEntries(names.map((name) => [name, records.map((record) => record[name])]));
}

/** The records again, from such lists. */
export function recordsOf(columns) {
  const names = Object.keys(columns);
  return columns[names[0]].map((_, index) => Object.fromEntries(names.map((name) => [name, columns[name][index]])));
}
