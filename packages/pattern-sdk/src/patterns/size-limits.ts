/** What the operator allows one request of a namespace's apps to hold, below what its pattern allows. */
export interface SizeLimits {
  /** The largest value, payload or parameter, in bytes. `undefined`: as the pattern allows. */
  readonly valueBytes: number | undefined;
  /** The most keys, entries, messages or statements in one request. `undefined`: as the pattern allows. */
  readonly batchEntries: number | undefined;
}

/** Nothing below what the pattern allows. */
export const noSizeLimits: SizeLimits = Object.freeze({ valueBytes: undefined, batchEntries: undefined });
