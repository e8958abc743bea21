import type { BackendLink } from "./backend-link.js";

/** A call that any of a backend's plugin processes could take. */
export interface ReplicatedCall {
  /** `undefined`: it is of no namespace. */
  readonly namespace: string | undefined;
  /** The same for calls that keep their order while they are under way at once. `undefined`: the call has none to keep. */
  readonly orderHash: number | undefined;
}

type Choosable = Pick<BackendLink, "replica" | "calls">;

/**
 * The process that takes a call: of calls with an order the same one for as long as it serves (rendezvous hashing: when processes come or
 * go, only the calls of those change place), otherwise the one with the fewest calls. `turn` grows from call to call: where several
 * have as few, each gets its turn.
 */
export function chooseLink<Link extends Choosable>(
  links: readonly Link[],
  { orderHash }: Pick<ReplicatedCall, "orderHash">,
  turn: number,
): Link | undefined {
  if (links.length < 2) return links[0];
  return orderHash === undefined ? leastBusy(links, turn) : highestScore(links, orderHash);
}

function leastBusy<Link extends Choosable>(links: readonly Link[], turn: number): Link {
  let chosen = links[turn % links.length]!;
  for (let step = 1; step < links.length; step += 1) {
    const link = links[(turn + step) % links.length]!;
    if (link.calls < chosen.calls) chosen = link;
  }
  return chosen;
}

function highestScore<Link extends Choosable>(links: readonly Link[], orderHash: number): Link {
  return links.reduce((best, link) => (score(orderHash, link.replica) > score(orderHash, best.replica) ? link : best));
}

/** Spreads evenly over 32 bits: MurmurHash3's finalizer. */
function score(orderHash: number, replica: number): number {
  let mixed = orderHash ^ Math.imul(replica, 0x9e3779b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
