/** How much of something there is, and how much of it the load of one interval asks for. */
export interface Reading {
  readonly now: number;
  /** The least that takes the load. */
  readonly atLeast: number;
  /** The most that is not idle; never below `atLeast`. Above it some may be taken away. */
  readonly atMost: number;
}

/** How steady a load must be before something is changed for it. */
export interface StepPolicy {
  /** Intervals in a row with too little, before there is more. */
  readonly raiseAfter: number;
  /** Intervals in a row with too much, before there is less. */
  readonly lowerAfter: number;
  /** The time after a step in which there is no other, in ms. */
  readonly cooldownMs: number;
  /** Never outside of these. */
  readonly min: number;
  readonly max: number;
}

/** What is remembered between intervals. */
export interface StepMemory {
  /** What the intervals in a row asked for that had too little. */
  readonly more: readonly number[];
  /** The same of those that had too much. */
  readonly less: readonly number[];
  /** When the last step was; `undefined`: never. */
  readonly steppedAtMs: number | undefined;
}

/** Before the first interval. */
export const noMemory: StepMemory = { more: [], less: [], steppedAtMs: undefined };

/** What becomes of an interval. */
export interface StepDecision {
  readonly memory: StepMemory;
  /** What there should be from now on; `undefined`: as much as there is. */
  readonly to: number | undefined;
}

/**
 * Decides whether something is changed. Up to the least that every one of the last intervals asked for, and down to the most: a load
 * that only swings is followed in neither direction. Pure.
 */
export function decideStep(memory: StepMemory, reading: Reading, policy: StepPolicy, atMs: number): StepDecision {
  const { now, atLeast, atMost } = reading;
  const more = now < atLeast ? [...memory.more, atLeast].slice(-policy.raiseAfter) : [];
  const less = now > atMost ? [...memory.less, atMost].slice(-policy.lowerAfter) : [];
  const { steppedAtMs } = memory;
  const isCoolingDown = steppedAtMs !== undefined && atMs - steppedAtMs < policy.cooldownMs;
  const wanted = isCoolingDown ? undefined : wantedOf(more, less, policy);
  const to = wanted === undefined ? undefined : Math.min(policy.max, Math.max(policy.min, wanted));
  if (to === undefined || to === now) return { memory: { more, less, steppedAtMs }, to: undefined };
  return { memory: { more: [], less: [], steppedAtMs: atMs }, to };
}

function wantedOf(more: readonly number[], less: readonly number[], policy: StepPolicy): number | undefined {
  if (more.length > 0 && more.length >= policy.raiseAfter) return Math.min(...more);
  if (less.length > 0 && less.length >= policy.lowerAfter) return Math.max(...less);
  return undefined;
}
