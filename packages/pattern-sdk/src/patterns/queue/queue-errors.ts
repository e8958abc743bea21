import { GatewayError } from "../../errors.js";

/** `LEASE_LOST`: a delivery whose lease has ended, or that was acknowledged, rejected or released before. Never throws. */
export function leaseLostError(): GatewayError {
  return new GatewayError(
    "LEASE_LOST",
    "The lease of this delivery has ended, or it was acknowledged or rejected before. Unless it was acknowledged, the message was or will be delivered again: leave it to that delivery.",
  );
}

/** The cause of a dead letter that no rejection gave: what Prism says instead. Never throws. */
export function leaseEndedCause(deliveryCount: number): string {
  return `the lease ended ${deliveryCount} times`;
}
