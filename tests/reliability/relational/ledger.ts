import type { Operation } from "../history.ts";
import type { Finding, Verdict } from "../verdict.ts";

/** Money that goes from one account of a book to another, in one transaction that also notes it under its name. */
export interface Transfer {
  readonly book: number;
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly amount: number;
  /** Whether its transaction was given up once everything was written. */
  readonly isGivenUp: boolean;
}

export type TransferStep = Operation<Transfer, void>;

/** What one statement saw of a book. */
export interface Ledger {
  /** By account. One that is not there holds nothing. */
  readonly balances: ReadonlyMap<string, number>;
  /** The transfers that are noted. */
  readonly names: ReadonlySet<string>;
}

export type Audit = Operation<{ readonly book: number }, Ledger>;

/** An audit that was answered. */
interface Seen extends Ledger {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Checks that transactions behaved as if they ran one after the other, each at one instant of its call, and none by halves: each audit saw
 * whole transfers, no money that came from nowhere, nothing that was given up or refused, everything that was committed or seen before it
 * began. The last audit of each book says what is there now.
 */
export function checkLedgers(transfers: readonly TransferStep[], audits: readonly Audit[]): Verdict {
  const ofBook = Map.groupBy(transfers, ({ input }) => input.book);
  const auditsOf = Map.groupBy(audits, ({ input }) => input.book);
  const verdicts = [...ofBook].map(([book, own]) => checkLedger(own, (auditsOf.get(book) ?? []).flatMap(seen)));
  return {
    acknowledged: transfers.filter(isCommitted).map(({ endMs, input }) => ({ atMs: endMs, what: input.name })),
    lost: verdicts.flatMap(({ lost }) => lost),
    duplicated: [],
    wrong: verdicts.flatMap(({ wrong }) => wrong),
  };
}

function seen({ startMs, endMs, ending }: Audit): Seen[] {
  return ending.kind === "done" ? [{ ...ending.output, startMs, endMs }] : [];
}

function isCommitted({ input, ending }: TransferStep): boolean {
  return ending.kind === "done" && !input.isGivenUp;
}

function checkLedger(
  transfers: readonly TransferStep[],
  audits: readonly Seen[],
): { lost: Finding[]; wrong: Finding[] } {
  const byName = new Map(transfers.map((transfer) => [transfer.input.name, transfer]));
  const lasting = lastingSince(transfers, audits);
  const last = audits.at(-1);
  return {
    lost: transfers
      .filter((transfer) => isCommitted(transfer) && !last?.names.has(transfer.input.name))
      .map(({ endMs, input }) => ({ atMs: endMs, what: input.name })),
    wrong: audits.flatMap((audit) => [
      ...strangers(audit, byName),
      ...missing(audit, lasting),
      ...unbalanced(audit, byName),
    ]),
  };
}

/** For each transfer that is there for good: since when somebody knows it. */
function lastingSince(transfers: readonly TransferStep[], audits: readonly Seen[]): Map<string, number> {
  const since = new Map(transfers.filter(isCommitted).map(({ input, endMs }) => [input.name, endMs]));
  for (const { names, endMs } of audits)
    for (const name of names) since.set(name, Math.min(endMs, since.get(name) ?? endMs));
  return since;
}

function strangers({ names, startMs }: Seen, byName: ReadonlyMap<string, TransferStep>): Finding[] {
  const may = (step: TransferStep | undefined) => step && step.ending.kind !== "refused" && !step.input.isGivenUp;
  return [...names]
    .filter((name) => !may(byName.get(name)))
    .map((name) => ({ atMs: startMs, what: `${name} was seen and never committed` }));
}

function missing({ names, startMs }: Seen, lasting: ReadonlyMap<string, number>): Finding[] {
  return [...lasting]
    .filter(([name, sinceMs]) => sinceMs < startMs && !names.has(name))
    .map(([name]) => ({ atMs: startMs, what: `${name} was there before, and was not seen` }));
}

function unbalanced({ names, balances, startMs }: Seen, byName: ReadonlyMap<string, TransferStep>): Finding[] {
  const owed = new Map<string, number>();
  const move = (account: string, amount: number) => owed.set(account, (owed.get(account) ?? 0) + amount);
  for (const name of names) {
    const { from, to, amount } = byName.get(name)?.input ?? { from: "", to: "", amount: 0 };
    move(from, -amount);
    move(to, amount);
  }
  return [...new Set([...owed.keys(), ...balances.keys()])]
    .filter((account) => (owed.get(account) ?? 0) !== (balances.get(account) ?? 0))
    .map((account) => ({
      atMs: startMs,
      what: `${account} holds ${balances.get(account) ?? 0}, and its transfers come to ${owed.get(account) ?? 0}`,
    }));
}
