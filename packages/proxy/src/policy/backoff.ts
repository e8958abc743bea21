/** How delays between attempts grow. */
export interface Backoff {
  /** The largest delay of the first attempt, in ms. */
  readonly firstMs: number;
  /** No delay is larger, in ms. */
  readonly maxMs: number;
}

/** Where random numbers come from: 0 inclusive to 1 exclusive. */
export type Random = () => number;

/**
 * The delay before an attempt, in ms. `attempt` counts from 0; the bound doubles with each. Full jitter: anything from 0 to
 * the bound, so that many that failed together do not come back together.
 */
export function backoffDelayMs(attempt: number, backoff: Backoff, random: Random): number {
  // 2^31 exceeds every bound in use; more would overflow to Infinity after a thousand attempts.
  const boundMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 31));
  return Math.round(random() * boundMs);
}
