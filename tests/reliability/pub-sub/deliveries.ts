import type { Operation } from "../history.ts";
import { notAscending, repeated } from "../not-ascending.ts";
import type { Finding, Verdict } from "../verdict.ts";

/** Messages that were published; what is told is which of them were accepted. A text is `publisher-number`. */
export type Publishing = Operation<readonly string[], readonly string[]>;

/** What one subscription was given from its start to its end, in order. */
export interface Subscriber {
  readonly delivered: readonly { readonly text: string; readonly atMs: number }[];
  /** Those of them that it acknowledged. */
  readonly acknowledged: ReadonlySet<string>;
}

export interface PubSubHistory {
  readonly publishings: readonly Publishing[];
  /** Members of one group, at least once. */
  readonly members: readonly Subscriber[];
  /** Subscriptions without a group, at most once. */
  readonly listeners: readonly Subscriber[];
}

/**
 * Checks the whole history: the group has handled each accepted message; a listener never got one twice, nor those of one
 * publisher out of order; nobody got what was not published.
 */
export function checkDeliveries({ publishings, members, listeners }: PubSubHistory): Verdict {
  const acknowledged = publishings.flatMap(({ endMs, ending }) =>
    ending.kind === "done" ? ending.output.map((what) => ({ atMs: endMs, what })) : [],
  );
  const handled = new Set(members.flatMap((member) => [...member.acknowledged]));
  const published = new Set(publishings.flatMap(({ input }) => input));
  const strangers = [...members, ...listeners]
    .flatMap(({ delivered }) => delivered)
    .filter(({ text }) => !published.has(text));
  return {
    acknowledged,
    lost: acknowledged.filter(({ what }) => !handled.has(what)),
    duplicated: againGiven(members),
    wrong: [
      ...strangers.map(({ text, atMs }) => ({ atMs, what: `${text} is delivered and was never published` })),
      ...listeners.flatMap(outOfOrder),
    ],
  };
}

function againGiven(members: readonly Subscriber[]): Finding[] {
  const delivered = members.flatMap((member) => member.delivered).toSorted((a, b) => a.atMs - b.atMs);
  return repeated(delivered, ({ text }) => text).map(({ text, atMs }) => ({ atMs, what: text }));
}

/** A number that is not above the one before it came twice or too late. */
function outOfOrder({ delivered }: Subscriber): Finding[] {
  const late = notAscending(delivered, ({ text }) => {
    const [publisher, number] = text.split("-");
    return [publisher, Number(number)];
  });
  return late.map(({ text, atMs }) => ({ atMs, what: `${text} comes twice or too late` }));
}
