/** Reproducible random numbers (mulberry32), so that a failing run can be run again. */
export interface SeededRandom {
  /** An integer from 0 up to, not including, `bound`. */
  below(bound: number): number;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed;
  return {
    below(bound) {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
    },
  };
}
