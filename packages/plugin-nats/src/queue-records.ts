import { MinHeap, type Placed } from "@prism-data/pattern-sdk";
import type { JetStream, StoredMessage } from "./jet-stream.js";
import type { Names } from "./names.js";
import { isReady, type Known, type QueueRecord } from "./queue-record.js";
import { Removals } from "./removals.js";

/** The part of a namespace that keeps what became of messages. */
export const recordsPart = "records";

/** How many records one look takes at most, and how many bytes. */
const slice = { messagesMax: 1_024, bytesMax: 2 * 2 ** 20 } as const;

/** How long what is known of a queue may be without a look at the server before it is read anew, in ms. */
const staleMs = 4_000;

/**
 * How long the record of a message that is done stays, so that every process that knows the message hears of it, in ms; and how long other
 * processes wait for the one that has written it.
 */
const doneStaysMs = 2 * staleMs;
const othersWaitMs = 2 * doneStaysMs;

/** A message that is done, and whose record is to be removed. */
interface Leaving {
  readonly number: number;
  readonly version: number;
  /** Whether it is known that its body is removed. */
  readonly hasNoBody: boolean;
  readonly atMs: number;
}

/**
 * What became of the messages of one queue: one record for each that was received once, given back, or delayed. All of them are in memory,
 * and are caught up with what other processes have written.
 *
 * Invariant: a record replaces exactly the one that its writer knows, so of two that lease or settle the same message one fails.
 */
export class QueueRecords {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #subjectOf: (number: number) => string;
  readonly #removals: Removals;
  readonly #removeBody: (number: number) => Promise<void>;
  #known = new Map<number, Known>();
  /** The numbers of messages that may be ready, the oldest first. */
  #ready = new MinHeap<number>();
  /** Messages that become ready by themselves, the next first; and where each is in it. */
  #timed = new MinHeap<number>();
  #timedAt = new Map<number, Placed<number>>();
  #isBeginning = true;
  #generation = 0;
  #leaving: Leaving[] = [];
  /** Up to which sequence records were read. */
  #readTo = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #nextReading: Promise<void> | undefined;

  constructor(jetStream: JetStream, names: Names, removeBody: (number: number) => Promise<void>) {
    this.#jetStream = jetStream;
    this.#stream = names.stream(recordsPart);
    this.#subjectOf = (number) => names.subject(recordsPart, number);
    this.#removals = new Removals(jetStream, { stream: this.#stream, atOnceMax: 16 });
    this.#removeBody = removeBody;
  }

  get size(): number {
    return this.#known.size;
  }

  get all(): Iterable<Known> {
    return this.#known.values();
  }

  get(number: number): Known | undefined {
    return this.#known.get(number);
  }

  /** Whether nothing is known that could be relied on. */
  get isStale(): boolean {
    return performance.now() - this.#readAtMs > staleMs;
  }

  /** Counts how often everything was forgotten. */
  get generation(): number {
    return this.#generation;
  }

  /** In how many ms a message becomes ready by itself. `undefined`: none will. */
  nextDueInMs(nowMs: number): number | undefined {
    const next = this.#timed.first;
    return next && Math.max(0, next.rank - nowMs);
  }

  /** Forgets everything: it is read anew. */
  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Reads what was written until now, by whatever process. Calls of one moment share it. */
  catchUp(): Promise<void> {
    this.#nextReading ??= (this.#reading ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#reading = this.#nextReading;
        this.#nextReading = undefined;
        return this.#read();
      });
    return this.#nextReading;
  }

  /** Knows of a message that waits for its time and has no record. */
  addDelayed(known: Known): void {
    if (!this.#known.has(known.number)) this.#keep(known);
  }

  /** The oldest message that is ready, which is not told again until its record changes; see `putBack`. */
  takeReady(nowMs: number): Known | undefined {
    this.#ripen(nowMs);
    for (let first = this.#ready.first; first !== undefined; first = this.#ready.first) {
      this.#ready.remove(first);
      const known = this.#known.get(first.item);
      if (known !== undefined && isReady(known.record, nowMs)) return known;
    }
    return undefined;
  }

  /** Of a message that was taken nothing came. */
  putBack({ number }: Known): void {
    if (this.#known.has(number)) this.#ready.add(number, number);
  }

  /** Writes a record in place of the one with `version`; `undefined`: there is another. */
  async write(number: number, record: QueueRecord, version: number): Promise<Known | undefined> {
    const text = JSON.stringify(record);
    const written = await this.#jetStream.replace(this.#subjectOf(number), text, { lastOfSubject: version });
    if (written === undefined) return undefined;
    if (version > 0) this.#removals.removeSoon(version);
    const known = { number, version: written, record };
    if (written > this.#readTo) this.#keep(known);
    return known;
  }

  /** The message is done and its body removed: its record goes when every process has heard of it. */
  leave({ number, version }: Known): void {
    this.#leaving.push({ number, version, hasNoBody: true, atMs: performance.now() + doneStaysMs });
  }

  /** The message has no body: whatever was known of it is left over. */
  async drop({ number, version }: Known): Promise<void> {
    this.#forget(number);
    if (version > 0) await this.#removals.remove(version);
  }

  /** Removes what is due of messages that are done. */
  async sweep(): Promise<void> {
    const nowMs = performance.now();
    const due = this.#leaving.filter(({ atMs }) => atMs <= nowMs);
    this.#leaving = this.#leaving.filter(({ atMs }) => atMs > nowMs);
    const outcomes = await Promise.allSettled(due.map((leaving) => this.#removeDone(leaving)));
    for (const [index, { status }] of outcomes.entries()) if (status === "rejected") this.#leaving.push(due[index]!);
  }

  async #removeDone({ number, version, hasNoBody }: Leaving): Promise<void> {
    if (!hasNoBody) {
      if ((await this.#jetStream.at(this.#stream, version)) === undefined) return;
      await this.#removeBody(number);
    }
    await this.#removals.remove(version);
    if (this.#known.get(number)?.version === 0) this.#forget(number);
  }

  /** A message that is done, as was heard: whoever has done it removes it, unless it has come to an end itself. */
  #leaveToOthers(known: Known): void {
    const { number, version } = known;
    const later = () =>
      this.#leaving.push({ number, version, hasNoBody: false, atMs: performance.now() + othersWaitMs });
    if (this.#isBeginning) this.#removeBody(number).then(() => this.leave(known), later);
    else later();
  }

  async #read(): Promise<void> {
    if (this.isStale) this.#begin();
    const startedAtMs = performance.now();
    for (;;) {
      const messages = await this.#jetStream.slice(this.#stream, { from: { seq: this.#readTo + 1 }, ...slice });
      for (const message of messages) this.#heard(message);
      if (messages.length === 0) break;
    }
    this.#isBeginning = false;
    this.#readAtMs = startedAtMs;
  }

  #begin(): void {
    this.#generation++;
    this.#known = new Map();
    this.#ready = new MinHeap();
    this.#timed = new MinHeap();
    this.#timedAt = new Map();
    this.#isBeginning = true;
    this.#leaving = [];
    this.#readTo = 0;
  }

  #heard({ subject, sequence, payload }: StoredMessage): void {
    this.#readTo = sequence;
    const number = Number(subject.slice(subject.lastIndexOf(".") + 1));
    const before = this.#known.get(number);
    if (before !== undefined && before.version >= sequence) {
      if (before.version === sequence && before.record.state === "done") this.#forget(number);
      return;
    }
    // What another record has replaced, and whose writer did not come to remove it.
    if (this.#isBeginning && before !== undefined && before.version > 0) this.#removals.removeSoon(before.version);
    const record: QueueRecord = JSON.parse(Buffer.from(payload).toString());
    if (record.state === "done") {
      this.#forget(number);
      this.#leaveToOthers({ number, version: sequence, record });
    } else this.#keep({ number, version: sequence, record });
  }

  #keep(known: Known): void {
    const { number, record } = known;
    this.#known.set(number, known);
    this.#untime(number);
    if (record.state === "ready") this.#ready.add(number, number);
    if (record.state === "leased" || record.state === "delayed")
      this.#timedAt.set(number, this.#timed.add(number, record.atMs));
  }

  #forget(number: number): void {
    this.#known.delete(number);
    this.#untime(number);
  }

  #untime(number: number): void {
    const placed = this.#timedAt.get(number);
    if (placed === undefined) return;
    this.#timed.remove(placed);
    this.#timedAt.delete(number);
  }

  #ripen(nowMs: number): void {
    for (let first = this.#timed.first; first !== undefined && first.rank <= nowMs; first = this.#timed.first) {
      this.#untime(first.item);
      this.#ready.add(first.item, first.item);
    }
  }
}
