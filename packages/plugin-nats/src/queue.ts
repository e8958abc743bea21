import {
  type BatchResult,
  type CallContext,
  type DeadLetter,
  type DeadLetterPage,
  type Queue,
  type QueueDelivery,
  type QueueDescription,
  type ReceiveRequest,
  type RedriveSelection,
  type Rejection,
  type SendEntry,
  type Sent,
  settled,
  WaitingReceives,
} from "@prism-data/pattern-sdk";
import {
  deadRecord,
  doneRecord,
  isLeased,
  isReady,
  type Known,
  type QueueRecord,
  readyRecord,
} from "./queue-record.js";
import { checkRecordsRoom, type QueueStore } from "./queue-store.js";

/** How often what others have done is looked at, and what is over is removed, in ms. */
const choreMs = 1_000;

/** How long a queue without calls is kept in memory, in ms. */
const idleMs = 60_000;

export interface NatsQueueOptions {
  readonly store: QueueStore;
  /** Calls `ringer` whenever something became ready, until the returned function is called. */
  readonly onReady: (ringer: () => void) => () => void;
  /** Whether messages get too old. */
  readonly expires: boolean;
}

/** One queue on JetStream. */
export class NatsQueue implements Queue {
  readonly #store: QueueStore;
  readonly #waiting: WaitingReceives<ReceiveRequest, QueueDelivery>;
  readonly #chores: NodeJS.Timeout;
  readonly #expires: boolean;
  #usedAtMs = Number.NEGATIVE_INFINITY;
  #isBusy = false;

  constructor({ store, onReady, expires }: NatsQueueOptions) {
    this.#store = store;
    this.#expires = expires;
    this.#waiting = new WaitingReceives({
      take: (request) => store.take(request),
      nextDueInMs: () => store.records.nextDueInMs(Date.now()),
      giveBack: (deliveries) => this.#releaseAll(idsOf(deliveries), withoutDelivery),
      onReady,
    });
    this.#chores = setInterval(() => void this.#doChores(), choreMs);
  }

  send(entries: readonly SendEntry[]): Promise<BatchResult<Sent>[]> {
    return Promise.all(entries.map((entry) => settled(this.#send(entry))));
  }

  async receive(request: ReceiveRequest, { signal }: CallContext): Promise<readonly QueueDelivery[]> {
    this.#use();
    // Whoever waits is answered in time, also while NATS is slow.
    if (request.waitMs > 0) return this.#waiting.receive(request, signal);
    const deliveries = await this.#store.take(request);
    if (!signal.aborted) return deliveries;
    await this.#releaseAll(idsOf(deliveries), withoutDelivery);
    return [];
  }

  acknowledge(deliveryIds: readonly string[]): Promise<BatchResult<void>[]> {
    return this.#settleAll(deliveryIds, async (deliveryId) => {
      const settlement = await this.#store.settle(deliveryId, doneRecord);
      if (settlement.ok) await this.#store.remove(settlement.result);
      return settlement.ok ? done : settlement;
    });
  }

  reject(deliveryIds: readonly string[], { delayMs, cause }: Rejection): Promise<BatchResult<void>[]> {
    return this.#settleAll(deliveryIds, async (deliveryId) => {
      const settlement = await this.#store.settle(deliveryId, (record, nowMs) => {
        const rejected = { ...record, cause };
        if (this.#isLast(record)) return deadRecord(rejected, nowMs);
        return readyRecord(rejected, delayMs === 0 ? 0 : nowMs + delayMs);
      });
      return settlement.ok ? done : settlement;
    });
  }

  async release(deliveryIds: readonly string[], counts: boolean): Promise<void> {
    await this.#releaseAll(deliveryIds, (record, nowMs) => {
      if (!counts) return withoutDelivery(record);
      return this.#isLast(record) ? deadRecord(record, nowMs) : readyRecord(record);
    });
  }

  extend(deliveryIds: readonly string[], leaseMs: number): Promise<BatchResult<number>[]> {
    return this.#settleAll(deliveryIds, async (deliveryId) => {
      const settlement = await this.#store.settle(deliveryId, (record, nowMs) => ({
        ...record,
        atMs: nowMs + leaseMs,
      }));
      return settlement.ok ? { ok: true, result: settlement.result.record.atMs } : settlement;
    });
  }

  async describe(): Promise<QueueDescription> {
    const nowMs = await this.#look();
    const { messages } = await this.#store.bodies.count();
    const first = await this.#store.firstFresh();
    const counts = { leased: 0, delayed: 0, dead: 0 };
    let oldestSentAtMs = first?.sentAtMs;
    for (const { record } of this.#store.records.all) {
      if (isLeased(record, nowMs)) counts.leased++;
      else if (record.state === "dead") counts.dead++;
      else if (record.state === "delayed" && record.atMs > nowMs) counts.delayed++;
      else if (isReady(record, nowMs))
        oldestSentAtMs = Math.min(record.sentAtMs, oldestSentAtMs ?? Number.POSITIVE_INFINITY);
    }
    const ready = Math.max(0, messages - counts.leased - counts.delayed - counts.dead);
    return { ...counts, ready, oldestSentAtMs };
  }

  async listDeadLetters(request: {
    readonly limit: number;
    readonly bytesMax: number;
    readonly cursor?: string | undefined;
  }): Promise<DeadLetterPage> {
    await this.#look();
    const dead = this.#dead().filter(({ version }) => version > Number(request.cursor ?? 0));
    let bytesLeft = request.bytesMax;
    const page = dead.slice(0, request.limit).filter(({ record }, index) => {
      bytesLeft -= record.sizeBytes;
      return index === 0 || bytesLeft >= 0;
    });
    const letters = await Promise.all(page.map((known) => this.#letterOf(known)));
    const cursor = page.length < dead.length ? String(page.at(-1)!.version) : undefined;
    return { deadLetters: letters.flat(), cursor };
  }

  async redrive(selection: RedriveSelection): Promise<number> {
    await this.#look();
    const dead = this.#dead();
    const ids = selection.kind === "ids" ? new Set(selection.ids) : undefined;
    const chosen =
      selection.kind === "ids"
        ? dead.filter(({ record }) => ids!.has(record.messageId))
        : dead.slice(0, selection.limit);
    const redriven = await Promise.all(
      chosen.map(({ number, record, version }) => {
        const again = { ...readyRecord(record), deliveryCount: 0, cause: undefined };
        return this.#store.records.write(number, again, version);
      }),
    );
    return redriven.filter((known) => known !== undefined).length;
  }

  /** What is known may be wrong: the server was away. */
  forget(): void {
    this.#store.records.forget();
  }

  close(): void {
    clearInterval(this.#chores);
    this.#waiting.close();
  }

  #send(entry: SendEntry): Promise<Sent> {
    if (entry.delayMs > 0) checkRecordsRoom(this.#store.records);
    return this.#store.bodies.send(entry);
  }

  /** Knows of everything until now, which it returns. */
  async #look(): Promise<number> {
    this.#use();
    await this.#store.catchUp();
    await this.#store.buryAll();
    return Date.now();
  }

  #dead(): Known[] {
    return [...this.#store.records.all]
      .filter(({ record }) => record.state === "dead")
      .sort((one, other) => one.version - other.version);
  }

  /** None: it was removed meanwhile. */
  async #letterOf({ number, record }: Known): Promise<DeadLetter[]> {
    const body = await this.#store.bodies.at(number);
    if (body === undefined) return [];
    const { sentAtMs, atMs: diedAtMs, deliveryCount, cause = "" } = record;
    return [{ message: body.message, sentAtMs, diedAtMs, deliveryCount, cause }];
  }

  #isLast({ deliveryCount }: QueueRecord): boolean {
    return deliveryCount >= (this.#store.deliveriesMax ?? Number.POSITIVE_INFINITY);
  }

  #settleAll<T>(
    deliveryIds: readonly string[],
    settle: (deliveryId: string) => Promise<BatchResult<T>>,
  ): Promise<BatchResult<T>[]> {
    this.#use();
    return Promise.all(
      deliveryIds.map(async (deliveryId) => {
        const outcome = await settled(settle(deliveryId));
        return outcome.ok ? outcome.result : outcome;
      }),
    );
  }

  async #releaseAll(
    deliveryIds: readonly string[],
    next: (record: QueueRecord, nowMs: number) => QueueRecord,
  ): Promise<void> {
    await Promise.all(deliveryIds.map((deliveryId) => this.#store.settle(deliveryId, next)));
  }

  #use(): void {
    this.#usedAtMs = performance.now();
  }

  /** Never rejects: what was not done is done the next time. */
  async #doChores(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      if (this.#expires) await this.#store.expire();
      if (performance.now() - this.#usedAtMs < idleMs) await this.#store.catchUp();
      await this.#store.records.sweep();
    } catch {
    } finally {
      this.#isBusy = false;
    }
  }
}

const done: BatchResult<void> = { ok: true, result: undefined };

/** As if it had not been delivered this time. */
function withoutDelivery(record: QueueRecord): QueueRecord {
  return { ...readyRecord(record), deliveryCount: record.deliveryCount - 1 };
}

function idsOf(deliveries: readonly QueueDelivery[]): string[] {
  return deliveries.map(({ deliveryId }) => deliveryId);
}
