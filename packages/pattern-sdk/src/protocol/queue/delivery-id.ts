import type { QueueDelivery } from "../../patterns/queue/queue.js";

const wholeSecondMs = 1_000;

/** A lease in whole seconds, up to 12 hours of them, in base 36; then the plugin's id of the delivery. */
const form = /^([1-9a-z][0-9a-z]{0,3})\.([\x20-\x7e]{1,256})$/;

/** The longest id of a delivery on the wire, in characters of ASCII. */
export const wireDeliveryIdCharsMax = 261;

/** A delivery by the id that apps know it by. */
export interface NamedDelivery {
  /** What the plugin calls it. */
  readonly id: string;
  /** How long its lease was at first, in ms. */
  readonly leaseMs: number;
}

/** The id that apps know a delivery by. It holds the lease, so that an extension without one can be as long as that. */
export function wireDeliveryId({ deliveryId }: QueueDelivery, leaseMs: number): string {
  return `${(leaseMs / wholeSecondMs).toString(36)}.${deliveryId}`;
}

/** Reads an id. `undefined`: it never was one. */
export function parseDeliveryId(wireId: string): NamedDelivery | undefined {
  const [, seconds, id] = form.exec(wireId) ?? [];
  if (seconds === undefined || id === undefined) return undefined;
  return { id, leaseMs: Number.parseInt(seconds, 36) * wholeSecondMs };
}
