import type { Arrival, PubSubSubscription } from "./pub-sub-subscription.js";

/** All that has arrived at the members of a group, in no order between them. */
export function arrivalsAt(members: readonly PubSubSubscription[]): Arrival[] {
  return members.flatMap(({ arrivals }) => arrivals);
}

/** Texts of numbers, in the order of the numbers. */
export function sortedTexts(arrivals: readonly Arrival[]): string[] {
  return arrivals.map(({ text }) => text).sort((a, b) => Number(a) - Number(b));
}
