import type { GatewayError } from "../../errors.js";
import type { ExtendResponse } from "../../protocol/gen/prism/queue/v1/queue.js";
import type { Status } from "../../protocol/rpc.js";
import { durationFromMs, msFromTimestamp } from "../../protocol/wire-time.js";
import { failureInStatus } from "../failure-in-status.js";

/** What became of one of the deliveries of a request: `undefined` when it was done. */
export type Settled = GatewayError | undefined;

export interface Rejecting {
  readonly delayMs?: number;
  readonly cause?: string;
}

/** The statuses of an answer. */
export function settledOf({ statuses }: { readonly statuses: readonly Status[] }): Settled[] {
  return statuses.map((status) => (status.code === 0 ? undefined : failureInStatus(status)));
}

export function extendedOf({ outcomes }: ExtendResponse): (number | GatewayError)[] {
  return outcomes.map(({ outcome }) => {
    if (outcome === undefined) throw new Error("An outcome of Extend says nothing.");
    return outcome.$case === "error" ? failureInStatus(outcome.value) : msFromTimestamp(outcome.value);
  });
}

export function rejectingOf(deliveryIds: readonly string[], { delayMs, cause = "" }: Rejecting) {
  return { deliveryIds: [...deliveryIds], delay: delayMs === undefined ? undefined : durationFromMs(delayMs), cause };
}

export function extendingOf(deliveryIds: readonly string[], leaseMs: number | undefined) {
  return { deliveryIds: [...deliveryIds], lease: leaseMs === undefined ? undefined : durationFromMs(leaseMs) };
}
