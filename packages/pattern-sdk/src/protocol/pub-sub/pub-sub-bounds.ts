/** How long a message may stay unacknowledged when the subscriber does not say. Source: `prism.pubsub.v1.Start`. */
export const acknowledgeTimeoutMsDefault = 30_000;
/** How often deliveries are looked for that are past their time: no time is shorter. */
export const sweepIntervalMs = 1_000;
/** How many steps of a subscriber wait for the backend before no more are read from it. */
export const waitingStepsMax = 100;
