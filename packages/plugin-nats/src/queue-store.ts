import { randomBytes } from "node:crypto";
import {
  type BatchResult,
  GatewayError,
  isBackendAway,
  leaseLostError,
  type QueueDelivery,
  type ReceiveRequest,
  settled,
} from "@prism-data/pattern-sdk";
import type { Body, QueueBodies } from "./queue-bodies.js";
import { deadRecord, doneRecord, isLeased, isReady, type Known, type QueueRecord } from "./queue-record.js";
import type { QueueRecords } from "./queue-records.js";

/** How many messages of a queue may have a record: each process has all of them in memory, a few hundred bytes each. */
const recordsMax = 100_000;

/** How many bodies are read at once. */
const bodiesPerReadMax = 256;

/** How old a body may be when its message is leased; it may be gone since otherwise, with the record that would tell. */
const bodyFreshMs = 2_000;

/** How many bytes of messages that may be too old are read at once. */
const expiredBytesMax = 2 ** 20;

const deliveryIdText = /^(\d{1,16})\.([A-Za-z0-9_-]{16})$/;

/** Asks for what is ready now. */
export type TakeRequest = Pick<ReceiveRequest, "messagesMax" | "bytesMax" | "leaseMs">;

/** How often and how long a queue tries to have a message handled. */
export interface QueueBounds {
  /** After how many deliveries a message is dead; `undefined`: it is delivered without end. */
  readonly deliveriesMax: number | undefined;
  /** How old messages may get, in ms; `undefined`: they stay. */
  readonly retentionMs: number | undefined;
}

/** A message that is to be leased. */
interface Candidate {
  readonly body: Body;
  readonly known: Known;
}

/** What is left of the bounds of a receive. */
interface Room {
  messages: number;
  bytes: number;
  hasSome: boolean;
  isFull: boolean;
}

/** One queue on JetStream: what is taken from it, and what becomes of that. */
export class QueueStore {
  readonly bodies: QueueBodies;
  readonly records: QueueRecords;
  readonly #bounds: QueueBounds;
  /** Every message before it has a record, or is gone. */
  #frontier = 1;
  /** Every delayed message before it is known. */
  #delayedFrontier = 1;
  #generation = 0;
  #taking: Promise<unknown> = Promise.resolve();

  constructor(bodies: QueueBodies, records: QueueRecords, bounds: QueueBounds) {
    this.bodies = bodies;
    this.records = records;
    this.#bounds = bounds;
  }

  get deliveriesMax(): number | undefined {
    return this.#bounds.deliveriesMax;
  }

  /** Knows of everything that was written until now. */
  async catchUp(): Promise<void> {
    const from = this.#delayedFrontier;
    const [delayed] = await Promise.all([this.#delayedSince(from), this.records.catchUp()]);
    if (this.#generation === this.records.generation) return this.#addDelayed(delayed);
    this.#generation = this.records.generation;
    this.#frontier = 1;
    this.#delayedFrontier = 1;
    this.#addDelayed(from === 1 ? delayed : await this.#delayedSince(1));
  }

  /** The oldest message that was never received, nor delayed. */
  async firstFresh(): Promise<Body | undefined> {
    let first = await this.bodies.first(this.#frontier);
    while (first !== undefined && this.records.get(first.number) !== undefined)
      first = await this.bodies.first(first.number + 1);
    return first;
  }

  /** Leases what is ready now, the oldest first. */
  take(request: TakeRequest): Promise<readonly QueueDelivery[]> {
    // One after the other: two at once would want the same messages.
    const taken = this.#taking.then(() => this.#take(request));
    // What was looked at and not leased is looked at again.
    this.#taking = taken.catch(() => this.records.forget());
    return taken;
  }

  /** Replaces the record of a delivery, unless its lease has ended. */
  async settle(
    deliveryId: string,
    next: (record: QueueRecord, nowMs: number) => QueueRecord,
  ): Promise<BatchResult<Known>> {
    const [, number, lease] = deliveryIdText.exec(deliveryId) ?? [];
    const leased = () => {
      const known = this.records.get(Number(number));
      return lease !== undefined && known?.record.lease === lease && isLeased(known.record, Date.now())
        ? known
        : undefined;
    };
    const attempt = async () => {
      const known = leased();
      return known && this.records.write(known.number, next(known.record, Date.now()), known.version);
    };
    let written = this.records.isStale ? undefined : await attempt();
    while (written === undefined) {
      await this.catchUp();
      if (leased() === undefined) return { ok: false, error: leaseLostError() };
      written = await attempt();
    }
    return { ok: true, result: written };
  }

  /** Removes a message that is done from the server. */
  async remove(done: Known): Promise<void> {
    try {
      await this.bodies.remove(done.number);
      this.records.leave(done);
    } catch (error) {
      // Whoever reads the records next sees that it is done, and removes it.
      if (!isBackendAway(error)) throw error;
    }
  }

  /** Makes dead letters of messages whose last lease has ended. */
  async buryAll(): Promise<void> {
    const nowMs = Date.now();
    await Promise.all(
      [...this.records.all].filter((known) => this.#isToDie(known, nowMs)).map((known) => this.#bury(known)),
    );
  }

  /** Removes messages that are too old, unless a worker has them. */
  async expire(): Promise<void> {
    if (this.#bounds.retentionMs === undefined) return;
    const { oldestMs } = await this.bodies.count();
    if (oldestMs === 0 || !this.#isOld(oldestMs)) return;
    await this.catchUp();
    const nowMs = Date.now();
    const old = [...this.records.all].filter(
      ({ record }) => record.state !== "done" && !isLeased(record, nowMs) && this.#isOld(record.sentAtMs),
    );
    await Promise.all(old.map((known) => this.#finish(known)));
    for (let from = this.#frontier; ; ) {
      const bodies = await this.bodies.next(from, { messagesMax: bodiesPerReadMax, bytesMax: expiredBytesMax });
      const due = bodies.filter(({ sentAtMs }) => this.#isOld(sentAtMs));
      await Promise.all(
        due.filter(({ number }) => this.records.get(number) === undefined).map((body) => this.#finish(unknown(body))),
      );
      if (due.length === 0 || due.length < bodies.length) return;
      from = due.at(-1)!.number + 1;
    }
  }

  async #take({ messagesMax, bytesMax, leaseMs }: TakeRequest): Promise<readonly QueueDelivery[]> {
    await this.catchUp();
    const room: Room = { messages: messagesMax, bytes: bytesMax, hasSome: false, isFull: false };
    const deliveries: QueueDelivery[] = [];
    const readAtMs = performance.now();
    for (const find of [() => this.#known(room), () => this.#fresh(room)]) {
      while (!room.isFull && room.messages > 0) {
        const candidates = await find();
        if (candidates.length === 0) break;
        deliveries.push(...(await this.#lease(candidates, { leaseMs, readAtMs })));
      }
    }
    return deliveries;
  }

  /** Messages that were received or delayed before, and are ready. */
  async #known(room: Room): Promise<Candidate[]> {
    const found: Known[] = [];
    const nowMs = Date.now();
    while (found.length < Math.min(room.messages, bodiesPerReadMax)) {
      const known = this.records.takeReady(nowMs);
      if (known === undefined) break;
      if (this.#isToDie(known, nowMs)) await this.#bury(known);
      else if (this.#isOld(known.record.sentAtMs)) await this.#finish(known);
      else if (fits(known.record.sizeBytes, room)) found.push(known);
      else {
        this.records.putBack(known);
        break;
      }
    }
    room.messages -= found.length;
    const bodies = await Promise.all(found.map(({ number }) => this.bodies.at(number)));
    const candidates: Candidate[] = [];
    for (const [index, known] of found.entries()) {
      const body = bodies[index];
      if (body === undefined) await this.records.drop(known);
      else candidates.push({ body, known });
    }
    return candidates.length > 0 || found.length === 0 ? candidates : this.#known(room);
  }

  /** Messages that were never received. */
  async #fresh(room: Room): Promise<Candidate[]> {
    for (;;) {
      const messagesMax = Math.min(room.messages, bodiesPerReadMax);
      const bodies = await this.bodies.next(this.#frontier, { messagesMax, bytesMax: room.bytes });
      if (bodies.length > 0) checkRecordsRoom(this.records);
      const candidates: Candidate[] = [];
      for (const body of bodies) {
        const isKnown = this.records.get(body.number) !== undefined;
        if (!isKnown && this.#isOld(body.sentAtMs)) await this.#finish(unknown(body));
        else if (!isKnown) {
          if (!fits(body.sizeBytes, room)) break;
          candidates.push({ body, known: unknown(body) });
        }
        this.#frontier = body.number + 1;
      }
      room.messages -= candidates.length;
      if (candidates.length > 0 || bodies.length === 0 || room.isFull) return candidates;
    }
  }

  async #lease(
    candidates: readonly Candidate[],
    { leaseMs, readAtMs }: { readonly leaseMs: number; readonly readAtMs: number },
  ): Promise<QueueDelivery[]> {
    const atMs = Date.now() + leaseMs;
    const outcomes = await Promise.all(
      candidates.map(({ known: { number, record, version } }) => {
        const lease = randomBytes(12).toString("base64url");
        const leased = { ...record, state: "leased", deliveryCount: record.deliveryCount + 1, atMs, lease } as const;
        return settled(this.records.write(number, leased, version));
      }),
    );
    for (const [index, { ok }] of outcomes.entries()) if (!ok) this.#missed(candidates[index]!);
    const leased = candidates.flatMap(({ body }, index) => {
      const outcome = outcomes[index]!;
      // A lease that has ended before it could be told goes on as any that has ended.
      const known = outcome.ok ? outcome.result : undefined;
      return known !== undefined && isLeased(known.record, Date.now()) ? [{ body, known }] : [];
    });
    const failed = outcomes.find(({ ok }) => !ok);
    if (leased.length === 0 && failed?.ok === false) throw failed.error;
    const isFresh = performance.now() - readAtMs < bodyFreshMs;
    return (isFresh ? leased : await this.#there(leased)).map(deliveryOf);
  }

  /** Those whose bodies are there yet: between reading and leasing a message others may have done with it. */
  async #there<T extends { readonly known: Known }>(leased: readonly T[]): Promise<T[]> {
    const bodies = await Promise.all(leased.map(({ known }) => this.bodies.at(known.number)));
    await Promise.all(
      leased.filter((_, index) => bodies[index] === undefined).map(({ known }) => this.records.drop(known)),
    );
    return leased.filter((_, index) => bodies[index] !== undefined);
  }

  /** Whether it was leased is not known. */
  #missed({ body, known }: Candidate): void {
    if (known.version > 0) this.records.putBack(known);
    else this.#frontier = Math.min(this.#frontier, body.number);
  }

  #isToDie({ record }: Known, nowMs: number): boolean {
    const { deliveriesMax = Number.POSITIVE_INFINITY } = this.#bounds;
    return record.state === "leased" && isReady(record, nowMs) && record.deliveryCount >= deliveriesMax;
  }

  async #bury({ number, record, version }: Known): Promise<void> {
    await this.records.write(number, deadRecord(record, Date.now()), version);
  }

  async #finish({ number, record, version }: Known): Promise<void> {
    const done = await this.records.write(number, doneRecord(record, Date.now()), version);
    if (done !== undefined) await this.remove(done);
  }

  #isOld(sentAtMs: number): boolean {
    const { retentionMs } = this.#bounds;
    return retentionMs !== undefined && sentAtMs + retentionMs <= Date.now();
  }

  async #delayedSince(number: number): Promise<readonly Body[]> {
    const all: Body[] = [];
    for (;;) {
      const some = await this.bodies.delayed((all.at(-1)?.number ?? number - 1) + 1);
      if (some.length === 0) return all;
      all.push(...some);
    }
  }

  #addDelayed(bodies: readonly Body[]): void {
    for (const body of bodies) {
      this.#delayedFrontier = Math.max(this.#delayedFrontier, body.number + 1);
      this.records.addDelayed(unknown(body));
    }
  }
}

/** What is known of a message that has no record. */
function unknown({ number, message, sizeBytes, sentAtMs, dueMs }: Body): Known {
  const state = dueMs === 0 ? "ready" : "delayed";
  return {
    number,
    version: 0,
    record: { state, messageId: message.id, sizeBytes, sentAtMs, deliveryCount: 0, atMs: dueMs },
  };
}

/** Takes the room for a message, the first however large. */
function fits(sizeBytes: number, room: Room): boolean {
  room.isFull = room.hasSome && sizeBytes > room.bytes;
  if (room.isFull) return false;
  room.hasSome = true;
  room.bytes -= sizeBytes;
  room.isFull = room.bytes <= 0;
  return true;
}

function deliveryOf({
  body,
  known: { number, record },
}: {
  readonly body: Body;
  readonly known: Known;
}): QueueDelivery {
  return {
    deliveryId: `${number}.${record.lease}`,
    message: body.message,
    sentAtMs: record.sentAtMs,
    deliveryCount: record.deliveryCount,
    leaseExpiresAtMs: record.atMs,
  };
}

/** Throws when a queue has as many records as it can have. */
export function checkRecordsRoom({ size }: QueueRecords): void {
  if (size < recordsMax) return;
  throw new GatewayError(
    "CAPACITY_EXHAUSTED",
    `This queue has ${recordsMax} messages that are leased, given back, delayed or dead, which is all that a queue on NATS can have. Acknowledge or redrive some, or give the namespace a retention_period.`,
  );
}
