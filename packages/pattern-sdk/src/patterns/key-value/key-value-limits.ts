/** The bounds that a key-value plugin holds apps to. */
export interface KeyValueLimits {
  /** The largest value, in bytes: 1 to 3,145,728. Default 3,145,728. */
  readonly valueBytesMax?: number;
  /** The smallest time to live and its grain, in ms: times to live are whole multiples of it. Default 1. */
  readonly ttlGrainMs?: number;
}
