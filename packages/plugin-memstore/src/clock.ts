/** Where a store gets the time from, so that tests can move it. */
export interface Clock {
  /** Now, in ms since the Unix epoch. */
  nowMs(): number;
  /** Runs `run` once after `delayMs` (at most 2^31 - 1); the returned function calls it off. */
  startTimer(run: () => void, delayMs: number): () => void;
}

/** The machine's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  nowMs: Date.now,
  startTimer(run, delayMs) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
