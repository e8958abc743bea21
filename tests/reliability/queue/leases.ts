import type { Operation } from "../history.ts";
import type { Finding, Verdict } from "../verdict.ts";

/** Messages that were sent; what is told is which of them were accepted. */
export type Sending = Operation<readonly string[], readonly string[]>;

/** One delivery of a message to one worker. Times are those of the backend's clock. */
export interface Lease {
  readonly message: string;
  readonly worker: number;
  readonly startMs: number;
  /** The first time at which it may have ended: its own end, or when its worker began to give it up or was last in touch. */
  readonly endMs: number;
  /** What the worker was told of its acknowledgement; `unknown` when it was told nothing. Left out: it never acknowledged. */
  readonly acknowledgement?: "done" | "lost" | "unknown";
}

/** What clocks and the rounding of times may differ by. */
const toleranceMs = 5;

/**
 * Checks the whole history of a queue that is empty now: each accepted message was handled, no message ever had two owners,
 * and none came again after its acknowledgement was accepted.
 */
export function checkLeases(sendings: readonly Sending[], leases: readonly Lease[]): Verdict {
  const sent = new Set(sendings.flatMap(({ input }) => input));
  const acknowledged = sendings.flatMap(({ endMs, ending }) =>
    ending.kind === "done" ? ending.output.map((what) => ({ atMs: endMs, what })) : [],
  );
  const byMessage = Map.groupBy(leases, ({ message }) => message);
  const inOrder = [...byMessage.values()].map((all) => all.toSorted((a, b) => a.startMs - b.startMs));
  return {
    acknowledged,
    lost: acknowledged.filter(({ what }) => !isHandled(byMessage.get(what) ?? [])),
    duplicated: inOrder.flatMap((all) =>
      all.slice(1).map(({ message, startMs }) => ({ atMs: startMs, what: message })),
    ),
    wrong: [
      ...leases
        .filter(({ message }) => !sent.has(message))
        .map((lease) => found(lease, "is delivered and was never sent")),
      ...inOrder.flatMap(doubleOwners),
      ...inOrder.flatMap(deliveredAfterAcknowledgement),
    ],
  };
}

function isHandled(leases: readonly Lease[]): boolean {
  return leases.some(({ acknowledgement }) => acknowledgement === "done" || acknowledgement === "unknown");
}

function doubleOwners(inOrder: readonly Lease[]): Finding[] {
  return inOrder.flatMap((lease, index) => {
    const other = inOrder.slice(0, index).find(({ endMs }) => endMs - toleranceMs > lease.startMs);
    return other === undefined ? [] : [found(lease, `has a second owner: ${JSON.stringify([other, lease])}`)];
  });
}

function deliveredAfterAcknowledgement(inOrder: readonly Lease[]): Finding[] {
  const at = inOrder.findIndex(({ acknowledgement }) => acknowledgement === "done");
  if (at === -1) return [];
  return inOrder
    .slice(at + 1)
    .map((lease) => found(lease, `comes again after it was acknowledged: ${JSON.stringify([inOrder[at], lease])}`));
}

function found({ message, startMs }: Lease, what: string): Finding {
  return { atMs: startMs, what: `${message} ${what}` };
}
