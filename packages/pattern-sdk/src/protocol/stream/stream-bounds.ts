/** The largest offset of a record. Source: `Position`. */
export const offsetMax = 2n ** 63n - 1n;
/** The most positions of a commit. Source: `prism.stream.v1.Commit.positions`. */
export const positionsMax = 1_000;
