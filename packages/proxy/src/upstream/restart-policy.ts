import { type Backoff, backoffDelayMs, type Random } from "../policy/backoff.js";

/** The delays between starts of a plugin that fails to start. */
const startBackoff: Backoff = { firstMs: 100, maxMs: 30_000 };

/** A process that ends by itself sooner than this after it was ready never really started. */
const stableAfterMs = 1_000;

/** A process that served this long wipes out what was held against the backend. */
const healthyAfterMs = 60_000;

/** So many failed starts within the window are a crash loop: starting again at once would only burn CPU. */
const crashLoopFailures = 5;
const crashLoopWindowMs = 60_000;

/** How often a backend in a crash loop is tried. */
const probeIntervalMs = 30_000;

/** What is held against a backend. A value; every decision returns the next one. */
export type RestartHistory =
  | { readonly mode: "normal"; readonly streak: number; readonly failedStartsMs: readonly number[] }
  | { readonly mode: "crash_loop" };

export const cleanHistory: RestartHistory = { mode: "normal", streak: 0, failedStartsMs: [] };

/** How a plugin process ended: before it was ready, or after it had served for a while, by itself or killed by somebody. */
export type ProcessEnd =
  | { readonly phase: "starting" }
  | { readonly phase: "ready"; readonly servedMs: number; readonly killed: boolean };

/** When to start again, and whether that is a probe of a crash loop. */
export interface RestartDecision {
  readonly history: RestartHistory;
  readonly delayMs: number;
  readonly crashLoop: boolean;
}

/**
 * Decides when a backend whose process ended is started again.
 *
 * Only a process that never really started counts toward the crash loop and makes the delay grow. One that had served comes
 * back after a first delay however often it ends, and so does one that was ready when it was killed, so that reads and calls with
 * a token can outlive it.
 */
export function decideRestart(
  history: RestartHistory,
  end: ProcessEnd,
  nowMs: number,
  random: Random,
): RestartDecision {
  if (end.phase === "ready" && (end.killed || end.servedMs >= stableAfterMs))
    return afterServing(history, end.servedMs, random);
  if (history.mode === "crash_loop") return { history, delayMs: probeIntervalMs, crashLoop: true };
  const recent = history.failedStartsMs.filter((atMs) => nowMs - atMs < crashLoopWindowMs);
  const failedStartsMs = [...recent, nowMs];
  if (failedStartsMs.length >= crashLoopFailures) {
    return { history: { mode: "crash_loop" }, delayMs: probeIntervalMs, crashLoop: true };
  }
  const delayMs = backoffDelayMs(history.streak, startBackoff, random);
  return { history: { mode: "normal", streak: history.streak + 1, failedStartsMs }, delayMs, crashLoop: false };
}

function afterServing(history: RestartHistory, servedMs: number, random: Random): RestartDecision {
  const delayMs = backoffDelayMs(0, startBackoff, random);
  const forgiven = history.mode === "crash_loop" || servedMs >= healthyAfterMs;
  return { history: forgiven ? cleanHistory : history, delayMs, crashLoop: false };
}
