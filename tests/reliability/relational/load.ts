import { eventually } from "../../acceptance/eventually.ts";
import { RelationalClient, type SqlValue } from "../../acceptance/relational-client.ts";
import { callTimeoutMs, Lane, noDeadline } from "../lane.ts";
import type { Load, LoadOptions } from "../load.ts";
import type { Verdict } from "../verdict.ts";
import { type Audit, checkLedgers, type Ledger, type Transfer, type TransferStep } from "./ledger.ts";

const accounts = ["a", "b", "c", "d"];

/** So that an audit stays a small thing. */
const transfersPerBook = 100;

/** What a teller does with every so many of its transactions: it rolls one back, and leaves another without a word. */
const rolledBackEvery = 7;
const leftEvery = 11;

/** How soon the locks of a transaction are to be gone whose app, or whose plugin, is. */
const idleS = 1;

const madeWithinMs = 30_000;

/** The statements of the load. Accounts are made by their first transfer. */
function statementsWith(sign: string) {
  const [one, two, three, four, five] = [1, 2, 3, 4, 5].map((number) => `${sign}${number}`);
  const upsert = `INSERT INTO account (book, name, balance) VALUES (${one}, ${two}, ${three}), (${one}, ${four}, ${five}) ON CONFLICT (book, name) DO UPDATE SET balance =`;
  return {
    tables: [
      "CREATE TABLE IF NOT EXISTS account (book BIGINT, name TEXT, balance BIGINT, PRIMARY KEY (book, name))",
      "CREATE TABLE IF NOT EXISTS transfer (book BIGINT, name TEXT, PRIMARY KEY (book, name))",
    ],
    note: `INSERT INTO transfer (book, name) VALUES (${one}, ${two})`,
    add: `${upsert} account.balance + excluded.balance`,
    replace: `${upsert} excluded.balance`,
    balances: `SELECT name, balance FROM account WHERE book = ${one} AND name IN (${two}, ${three})`,
    audit: `SELECT name, balance FROM account WHERE book = ${one} UNION ALL SELECT name, NULL FROM transfer WHERE book = ${one}`,
  };
}

/** Tellers who move money in transactions step by step, a clerk who does it in batches, and an auditor who reads it all. */
export async function startRelationalLoad({ address, namespace, traits }: LoadOptions): Promise<Load> {
  const statements = statementsWith(traits.parameterSign ?? "?");
  using client = new RelationalClient(address, namespace);
  for (const sql of statements.tables)
    await eventually("there are tables", madeWithinMs, () => client.execute(sql).then(() => true));
  return new RelationalLoad(address, namespace, statements);
}

class RelationalLoad implements Load {
  readonly lanes: readonly Lane[];
  readonly #statements: ReturnType<typeof statementsWith>;
  readonly #transfers: TransferStep[] = [];
  readonly #audits: Audit[] = [];
  readonly #stop = new AbortController();
  readonly #clients: readonly RelationalClient[];
  readonly #done: Promise<unknown>;
  #begun = 0;

  constructor(address: string, namespace: string, statements: ReturnType<typeof statementsWith>) {
    this.#statements = statements;
    const names = ["teller", "teller", "clerk", "auditor"];
    this.lanes = names.map((name, process) => new Lane(name, process));
    this.#clients = this.lanes.map(() => new RelationalClient(address, namespace));
    const [teller, other, clerk, auditor] = this.lanes as [Lane, Lane, Lane, Lane];
    this.#done = Promise.all([
      this.#move(teller, (transfer) => this.#moveByStep(teller, transfer)),
      this.#move(other, (transfer) => this.#moveByStep(other, transfer)),
      this.#move(clerk, (transfer) => this.#moveAtOnce(clerk, transfer)),
      this.#audit(auditor),
    ]);
  }

  async finish(): Promise<Verdict> {
    this.#stop.abort();
    await this.#done;
    for (let book = 0; book <= this.#book; book++) this.#audits.push(await this.#look(this.lanes[3]!, book));
    return checkLedgers(this.#transfers, this.#audits);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  get #book(): number {
    return Math.floor(this.#begun / transfersPerBook);
  }

  async #move(lane: Lane, move: (transfer: Transfer) => Promise<void>): Promise<void> {
    let count = 0;
    await lane.repeat(this.#stop.signal, async () => {
      const transfer = this.#transferOf(lane, count++);
      const step = await lane.call(transfer, () => move(transfer));
      this.#transfers.push(step);
      return step.ending.kind !== "unknown";
    });
  }

  #transferOf({ name, process }: Lane, count: number): Transfer {
    const from = (count + process) % accounts.length;
    const to = (from + 1 + (count % (accounts.length - 1))) % accounts.length;
    return {
      book: Math.floor(this.#begun++ / transfersPerBook),
      name: `${process}-${count}`,
      from: accounts[from]!,
      to: accounts[to]!,
      amount: 1 + (count % 9),
      isGivenUp: name === "teller" && (isEvery(rolledBackEvery, count) || isEvery(leftEvery, count)),
    };
  }

  /** The app reads both balances, and writes what it makes of them. */
  async #moveByStep({ process }: Lane, transfer: Transfer): Promise<void> {
    const client = this.#clients[process]!;
    const begin = { isolation: "ISOLATION_SERIALIZABLE", idleTimeout: { seconds: idleS } };
    const transaction = await client.begin(begin, callTimeoutMs);
    const { note, balances, replace } = this.#statements;
    const changes = changesOf(transfer);
    const names = changes.map(([account]) => ({ text: account }));
    const held = balancesOf(await transaction.rows(balances, [{ int64: transfer.book }, ...names]));
    const made = changes.map(([account, change]) => [account, (held.get(account) ?? 0) + change] as const);
    await transaction.execute(replace, upsertOf(transfer, made));
    await transaction.execute(note, noteOf(transfer));
    if (!transfer.isGivenUp) return await transaction.commit();
    if (isEvery(rolledBackEvery, Number(transfer.name.split("-")[1]))) return await transaction.rollback();
    transaction.cancel();
  }

  async #moveAtOnce({ process }: Lane, transfer: Transfer): Promise<void> {
    const { note, add } = this.#statements;
    const statements = [
      { sql: add, parameters: upsertOf(transfer, changesOf(transfer)) },
      { sql: note, parameters: noteOf(transfer) },
    ];
    await this.#clients[process]!.call("ExecuteBatch", { statements }, noDeadline);
  }

  async #audit(lane: Lane): Promise<void> {
    await lane.repeat(this.#stop.signal, async () => {
      const audit = await this.#look(lane, this.#book);
      this.#audits.push(audit);
      return audit.ending.kind === "done";
    });
  }

  #look(lane: Lane, book: number): Promise<Audit> {
    const client = this.#clients[lane.process]!;
    return lane.call({ book }, async () =>
      ledgerOf(await client.rows(this.#statements.audit, [{ int64: book }], callTimeoutMs)),
    );
  }
}

function isEvery(period: number, count: number): boolean {
  return count % period === period - 1;
}

/** In the order of the accounts, so that nobody waits for one who waits for him. */
function changesOf({ from, to, amount }: Transfer): [account: string, change: number][] {
  const changes: [string, number][] = [
    [from, -amount],
    [to, amount],
  ];
  return changes.sort(([one], [other]) => (one < other ? -1 : 1));
}

function upsertOf({ book }: Transfer, balances: readonly (readonly [account: string, balance: number])[]): SqlValue[] {
  return [{ int64: book }, ...balances.flatMap(([account, balance]) => [{ text: account }, { int64: balance }])];
}

function noteOf({ book, name }: Transfer): SqlValue[] {
  return [{ int64: book }, { text: name }];
}

function ledgerOf(rows: readonly string[][]): Ledger {
  const names = rows.filter(isTransfer).map(([name]) => textOf(name!));
  return { names: new Set(names), balances: balancesOf(rows.filter((row) => !isTransfer(row))) };
}

function balancesOf(rows: readonly string[][]): Map<string, number> {
  return new Map(rows.map(([name, balance]) => [textOf(name!), numberOf(balance!)]));
}

const isTransfer = (row: readonly string[]) => row[1] === "null";
const textOf = (value: string) => value.slice("text:".length);
const numberOf = (value: string) => Number(value.slice("int64:".length));
