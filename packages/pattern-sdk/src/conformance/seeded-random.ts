/** A source of numbers that look random and are the same on every run with the same seed. */
export interface SeededRandom {
  /** A whole number from 0 to `below` - 1. */
  below(below: number): number;
  /** One of the items. */
  pick<T>(items: readonly T[]): T;
  bytes(sizeBytes: number): Uint8Array;
}

/** xorshift32: short, and good enough to choose test data. */
export function seededRandom(seed: number): SeededRandom {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  const next = (): number => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    below,
    pick: (items) => items[below(items.length)]!,
    bytes(sizeBytes) {
      const words = new Uint32Array(Math.ceil(sizeBytes / 4));
      for (let index = 0; index < words.length; index++) words[index] = next();
      return new Uint8Array(words.buffer, 0, sizeBytes);
    },
  };
}
