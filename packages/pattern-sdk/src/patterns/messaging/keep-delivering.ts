import { setTimeout as pause } from "node:timers/promises";
import { isBackendAway } from "../../server-link/link-errors.js";

/** How soon is tried again while the data system is away, in ms. */
const awayPauseMs = 250;

export interface KeepDeliveringOptions {
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Waits while the data system is away, no longer than until the signal. Must not throw. Default: 250 ms. */
  readonly whileAway?: () => Promise<unknown>;
  /** Told what `deliver` throws; nothing is delivered any more. Outages are not told. Must not throw. */
  readonly failed: (error: unknown) => void;
}

/** Delivers again and again until the signal is aborted, also through outages of the data system. Never rejects. */
export async function keepDelivering(
  deliver: () => Promise<void>,
  { signal, whileAway = () => awayPause(signal), failed }: KeepDeliveringOptions,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await deliver();
    } catch (error) {
      if (signal.aborted) return;
      if (!isBackendAway(error)) return failed(error);
      await whileAway();
    }
  }
}

async function awayPause(signal: AbortSignal): Promise<void> {
  await pause(awayPauseMs, undefined, { signal }).catch(() => {});
}
