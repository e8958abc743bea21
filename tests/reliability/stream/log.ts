import type { Operation } from "../history.ts";
import { notAscending, repeated } from "../not-ascending.ts";
import type { Finding, Verdict } from "../verdict.ts";

/** A record and its place. */
export interface Placed {
  readonly partition: number;
  readonly offset: number;
  readonly text: string;
}

/** Records that were appended; what is told is where, for those that were accepted. */
export type Appending = Operation<readonly string[], readonly Placed[]>;

/** What a member of the group was given from its join to its end. */
export interface Session {
  readonly joinMs: number;
  readonly delivered: readonly (Placed & { readonly atMs: number })[];
  /** The commits that it was told are durable, in that order. */
  readonly committed: readonly { readonly partition: number; readonly offset: number; readonly atMs: number }[];
}

export interface LogHistory {
  readonly appendings: readonly Appending[];
  readonly sessions: readonly Session[];
  /** All that is there in the end, as it was read. */
  readonly log: readonly Placed[];
}

/**
 * Checks the whole history of a log whose group has come to its end: each accepted record is where the answer said, once, in the
 * order of its producer; the group was given each; and what was durably committed was not given to whoever joined later.
 */
export function checkLog({ appendings, sessions, log }: LogHistory): Verdict {
  const accepted = appendings.flatMap(({ endMs, ending }) =>
    ending.kind === "done" ? ending.output.map((record) => ({ atMs: endMs, what: record.text, record })) : [],
  );
  const there = new Map(log.map((record) => [record.text, record]));
  const given = new Set(sessions.flatMap(({ delivered }) => delivered.map(({ text }) => text)));
  const isLost = ({ record }: { record: Placed }) => {
    const found = there.get(record.text);
    return found?.partition !== record.partition || found.offset !== record.offset || !given.has(record.text);
  };
  return {
    acknowledged: accepted,
    lost: accepted.filter(isLost).map(({ atMs, what, record }) => ({ atMs, what: `${what} at ${place(record)}` })),
    duplicated: againGiven(sessions),
    wrong: [
      ...unknownRecords(appendings, log, sessions),
      ...outOfPlace(log),
      ...outOfOrder(appendings),
      ...skippedBack(sessions),
      ...commitsThatWentBack(sessions),
    ],
  };
}

function unknownRecords(
  appendings: readonly Appending[],
  log: readonly Placed[],
  sessions: readonly Session[],
): Finding[] {
  const appended = new Set(appendings.flatMap(({ input }) => input));
  const inLog = new Set(log.map(key));
  return [
    ...log
      .filter(({ text }) => !appended.has(text))
      .map((record) => ({ atMs: 0, what: `nobody appended ${key(record)}` })),
    ...sessions
      .flatMap(({ delivered }) => delivered)
      .filter((record) => !inLog.has(key(record)))
      .map((record) => ({ atMs: record.atMs, what: `delivered, but not in the log: ${key(record)}` })),
  ];
}

function outOfPlace(log: readonly Placed[]): Finding[] {
  const back = notAscending(log, ({ partition, offset }) => [partition, offset]);
  return [
    ...back.map((record) => ({ atMs: 0, what: `read out of order: ${key(record)}` })),
    ...repeated(log, ({ text }) => text).map((record) => ({ atMs: 0, what: `in the log twice: ${key(record)}` })),
  ];
}

/** What one producer appended later, after an answer, is further back in the same partition. */
function outOfOrder(appendings: readonly Appending[]): Finding[] {
  const accepted = appendings
    .toSorted((a, b) => a.startMs - b.startMs)
    .flatMap(({ process, endMs, ending }) =>
      ending.kind === "done" ? ending.output.map((record) => ({ process, endMs, record })) : [],
    );
  return notAscending(accepted, ({ process, record }) => [`${process} ${record.partition}`, record.offset]).map(
    ({ endMs, record }) => ({ atMs: endMs, what: `appended out of order: ${key(record)}` }),
  );
}

/** What was committed before a member joined is not given to it. */
function skippedBack(sessions: readonly Session[]): Finding[] {
  const commits = sessions.flatMap(({ committed }) => committed);
  return sessions.flatMap(({ joinMs, delivered }) => {
    const highest = new Map<number, number>();
    for (const { partition, offset, atMs } of commits) {
      if (atMs < joinMs) highest.set(partition, Math.max(offset, highest.get(partition) ?? 0));
    }
    return delivered
      .filter(({ partition, offset }) => offset <= (highest.get(partition) ?? -1))
      .map((record) => ({ atMs: record.atMs, what: `delivered after it was committed: ${key(record)}` }));
  });
}

/** What is delivered again may be committed again. */
function commitsThatWentBack(sessions: readonly Session[]): Finding[] {
  return sessions.flatMap(({ committed }) => {
    const highest = new Map<number, number>();
    return committed.flatMap((position) => {
      const before = highest.get(position.partition) ?? -1;
      highest.set(position.partition, Math.max(before, position.offset));
      if (position.offset >= before) return [];
      return [{ atMs: position.atMs, what: `a commit went back from ${before} to ${place(position)}` }];
    });
  });
}

function againGiven(sessions: readonly Session[]): Finding[] {
  const delivered = sessions.flatMap((session) => session.delivered).toSorted((a, b) => a.atMs - b.atMs);
  return repeated(delivered, ({ text }) => text).map(({ atMs, text }) => ({ atMs, what: text }));
}

function key(record: Placed): string {
  return `${record.text} at ${place(record)}`;
}

function place({ partition, offset }: Pick<Placed, "partition" | "offset">): string {
  return `${partition}:${offset}`;
}
