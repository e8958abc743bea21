import {
  type BatchResult,
  type Binding,
  type CallContext,
  type DeadLetter,
  type DeadLetterPage,
  GatewayError,
  leaseEndedCause,
  leaseLostError,
  messageSizeBytes,
  type Queue,
  type QueueDelivery,
  type QueueDescription,
  type QueueOptions,
  type ReceiveRequest,
  type RedriveSelection,
  type Rejection,
  type SendEntry,
  type Sent,
  settled,
} from "@prism-data/pattern-sdk";
import type { QueueRow } from "./queue-table.js";
import type { Store } from "./store.js";
import { type WaitingReceive, WaitingReceives } from "./waiting-receives.js";

/** How much one transaction does at most about messages that are due, and for receives that wait. */
const rowsPerSliceMax = 500;

/** While a receive waits: how late it sees what another process has sent, which has the file while Prism replaces it. */
const lookMs = 200;

interface PageRequest {
  readonly limit: number;
  readonly bytesMax: number;
  readonly cursor?: string | undefined;
}

interface Served {
  readonly waiting: WaitingReceive;
  readonly deliveries: readonly QueueDelivery[];
}

/**
 * One queue in a SQLite file.
 *
 * Everything that changes it goes through the group commit, whose transactions run one after the other and in no other process
 * at the same time: so a message is in one place, and one worker's.
 */
export class SqliteQueue implements Queue {
  readonly #store: Store;
  readonly #namespaceId: number;
  readonly #waiting = new WaitingReceives();
  #options: QueueOptions;
  /** `Infinity`: messages are delivered without end. */
  #deliveriesMax: number;
  #isServing = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, namespaceId: number, { options, capabilities }: Binding<QueueOptions>) {
    this.#store = store;
    this.#namespaceId = namespaceId;
    this.#options = options;
    this.#deliveriesMax = deliveriesMaxOf(options, capabilities);
  }

  /** Goes on with other options, also for the messages that are there. */
  configure({ options, capabilities }: Binding<QueueOptions>): void {
    this.#options = options;
    this.#deliveriesMax = deliveriesMaxOf(options, capabilities);
  }

  /** Each message on its own; the group commit keeps their order and commits them together. */
  send(entries: readonly SendEntry[], context: CallContext): Promise<BatchResult<Sent>[]> {
    return Promise.all(
      entries.map((entry) =>
        settled(this.#write(context, () => this.#applySend(entry), { sizeBytes: messageSizeBytes(entry.message) })),
      ),
    );
  }

  async receive(request: ReceiveRequest, context: CallContext): Promise<readonly QueueDelivery[]> {
    while (this.#store.file.read(() => this.#hasSomething())) {
      const deliveries = await this.#write(context, () => this.#applyReceive(request, context), {
        steps: request.messagesMax,
      });
      if (deliveries.length > 0 || context.signal.aborted) return deliveries;
    }
    if (request.waitMs === 0 || context.signal.aborted) return [];
    const answer = this.#waiting.add(request, context);
    this.#look();
    return answer;
  }

  acknowledge(deliveryIds: readonly string[], context: CallContext): Promise<BatchResult<void>[]> {
    return this.#settle(deliveryIds, context, ({ id }) => this.#store.queues.remove(id));
  }

  reject(
    deliveryIds: readonly string[],
    { delayMs, cause }: Rejection,
    context: CallContext,
  ): Promise<BatchResult<void>[]> {
    return this.#settle(deliveryIds, context, (row) => {
      this.#store.queues.setCause(row.id, cause);
      this.#giveBack({ ...row, lastCause: cause }, delayMs);
    });
  }

  async release(deliveryIds: readonly string[], counts: boolean, context: CallContext): Promise<void> {
    const results = await this.#settle(deliveryIds, context, (row) => {
      const deliveryCount = counts ? row.deliveryCount : row.deliveryCount - 1;
      this.#store.queues.setCount(row.id, deliveryCount);
      this.#giveBack({ ...row, deliveryCount }, 0);
    });
    const failed = results.find((result) => !result.ok && !isLeaseLost(result.error));
    if (failed !== undefined && !failed.ok) throw failed.error;
  }

  extend(deliveryIds: readonly string[], leaseMs: number, context: CallContext): Promise<BatchResult<number>[]> {
    return this.#settle(deliveryIds, context, ({ id }, deliveryId) => {
      const endsAtMs = this.#store.nowMs() + leaseMs;
      this.#store.queues.lease(id, { deliveryId, endsAtMs });
      return endsAtMs;
    });
  }

  async describe(context: CallContext): Promise<QueueDescription> {
    await this.#takeAllDue(context);
    return this.#store.file.read(() => this.#store.queues.describe(this.#namespaceId));
  }

  async listDeadLetters(request: PageRequest, context: CallContext): Promise<DeadLetterPage> {
    await this.#takeAllDue(context);
    return this.#store.file.read(() => this.#deadLetterPage(request));
  }

  async redrive(selection: RedriveSelection, context: CallContext): Promise<number> {
    await this.#takeAllDue(context);
    const steps = selection.kind === "ids" ? selection.ids.length : selection.limit;
    return this.#write(context, () => this.#applyRedrive(selection), { steps });
  }

  /** Lets the receives that wait have waited in vain. */
  close(): void {
    this.#waiting.clear();
    clearTimeout(this.#timer);
  }

  async #write<T>(
    context: CallContext | undefined,
    apply: () => T,
    size: { sizeBytes?: number; steps?: number } = {},
  ): Promise<T> {
    return this.#store.commits.submit({ ...size, context, apply, onCommitted: () => this.#look() });
  }

  #applySend({ message, delayMs, deduplicationId }: SendEntry): Sent {
    const { queues, deduplication } = this.#store;
    const nowMs = this.#store.nowMs();
    if (deduplicationId !== undefined) {
      const sinceMs = nowMs - this.#options.deduplicationWindowMs;
      const sentBefore = deduplication.messageIdOf(this.#namespaceId, deduplicationId, sinceMs);
      if (sentBefore !== undefined) return { id: sentBefore, duplicate: true };
      deduplication.keep(this.#namespaceId, { deduplicationId, messageId: message.id }, nowMs);
    }
    const row = queues.insert(this.#namespaceId, message, nowMs);
    if (delayMs > 0) queues.delay(row, nowMs + delayMs);
    return { id: message.id, duplicate: false };
  }

  #applyReceive(request: ReceiveRequest, { signal }: CallContext): QueueDelivery[] {
    if (signal.aborted) return [];
    this.#takeDue();
    return this.#take(request);
  }

  /** Leases what is ready, the oldest first. */
  #take({ messagesMax, bytesMax, leaseMs }: ReceiveRequest): QueueDelivery[] {
    const { queues, etags, nowMs } = this.#store;
    const endsAtMs = nowMs() + leaseMs;
    const deliveries: QueueDelivery[] = [];
    let sizeBytes = 0;
    while (deliveries.length < messagesMax) {
      const row = queues.firstReady(this.#namespaceId);
      // More were due than one transaction looks at.
      if (row === undefined || this.#isTooOld(row)) break;
      sizeBytes += row.sizeBytes;
      if (deliveries.length > 0 && sizeBytes > bytesMax) break;
      const deliveryId = etags.next();
      const deliveryCount = row.deliveryCount + 1;
      queues.setCount(row.id, deliveryCount);
      queues.lease(row.id, { deliveryId, endsAtMs });
      const message = queues.content.message(row.id, row.messageId);
      deliveries.push({ deliveryId, message, sentAtMs: row.sentAtMs, deliveryCount, leaseExpiresAtMs: endsAtMs });
    }
    return deliveries;
  }

  /** Ends leases and goes on with each message; one result each. */
  #settle<T>(
    deliveryIds: readonly string[],
    context: CallContext,
    goOn: (row: QueueRow, deliveryId: string) => T,
  ): Promise<BatchResult<T>[]> {
    const apply = (deliveryId: string) => {
      const row = this.#store.queues.leased(this.#namespaceId, deliveryId, this.#store.nowMs());
      if (row === undefined) throw leaseLostError();
      return goOn(row, deliveryId);
    };
    return Promise.all(deliveryIds.map((id) => settled(this.#write(context, () => apply(id)))));
  }

  /** Does with a message what becomes of it when its worker has not handled it. */
  #giveBack(row: QueueRow, delayMs: number): void {
    const { queues } = this.#store;
    if (this.#isTooOld(row)) queues.remove(row.id);
    else if (row.deliveryCount >= this.#deliveriesMax) this.#die(row);
    else if (delayMs > 0) queues.delay(row.id, this.#store.nowMs() + delayMs);
    else queues.makeReady(row.id);
  }

  #die({ id, lastCause, deliveryCount }: QueueRow): void {
    const cause = lastCause || leaseEndedCause(deliveryCount);
    this.#store.queues.die(this.#namespaceId, id, { diedAtMs: this.#store.nowMs(), cause });
  }

  #isTooOld({ sentAtMs }: QueueRow): boolean {
    const { retentionMs = Number.POSITIVE_INFINITY } = this.#options;
    return this.#store.nowMs() - sentAtMs >= retentionMs;
  }

  /** A message that is not where it belongs: its lease or delay has ended, it is too old, or was delivered too often by now. */
  #firstDue(): QueueRow | undefined {
    const { queues, nowMs } = this.#store;
    const due = queues.firstDue(this.#namespaceId, nowMs());
    if (due !== undefined) return due;
    const ready = queues.firstReady(this.#namespaceId);
    if (ready !== undefined && this.#isTooOld(ready)) return ready;
    if (this.#deliveriesMax === Number.POSITIVE_INFINITY) return undefined;
    return queues.firstWorn(this.#namespaceId, this.#deliveriesMax);
  }

  #hasSomething(): boolean {
    return this.#store.queues.firstReady(this.#namespaceId) !== undefined || this.#firstDue() !== undefined;
  }

  #takeDue(): void {
    for (let taken = 0; taken < rowsPerSliceMax; taken++) {
      const row = this.#firstDue();
      if (row === undefined) return;
      this.#giveBack(row, 0);
    }
  }

  async #takeAllDue(context: CallContext): Promise<void> {
    while (this.#store.file.read(() => this.#firstDue()) !== undefined)
      await this.#write(context, () => this.#takeDue(), { steps: rowsPerSliceMax });
  }

  /** The cursor is the number of the last one returned, so that those that come and go around it change nothing. */
  #deadLetterPage({ limit, bytesMax, cursor }: PageRequest): DeadLetterPage {
    const { queues } = this.#store;
    const deadLetters: DeadLetter[] = [];
    let sizeBytes = 0;
    let last = cursor;
    for (const row of queues.deadAfter(this.#namespaceId, Number(cursor ?? 0), limit + 1)) {
      sizeBytes += row.sizeBytes;
      const isFull = deadLetters.length === limit || sizeBytes > bytesMax;
      if (deadLetters.length > 0 && isFull) return { deadLetters, cursor: last };
      const { id, messageId, sentAtMs, diedAtMs, deliveryCount, lastCause: cause } = row;
      const message = queues.content.message(id, messageId);
      deadLetters.push({ message, sentAtMs, diedAtMs, deliveryCount, cause });
      last = String(row.death);
    }
    return { deadLetters };
  }

  #applyRedrive(selection: RedriveSelection): number {
    const selected = this.#selected(selection);
    for (const id of selected) this.#store.queues.redrive(id);
    return selected.length;
  }

  #selected(selection: RedriveSelection): readonly number[] {
    const { queues } = this.#store;
    if (selection.kind === "oldest")
      return Array.from(queues.deadAfter(this.#namespaceId, 0, selection.limit), ({ id }) => id);
    return [...new Set(selection.ids)].flatMap((id) => queues.deadWithId(this.#namespaceId, Buffer.from(id)));
  }

  /** While receives wait: serves them when there is something, and looks again when there may be. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.size === 0 || this.#isServing) return;
    try {
      if (this.#store.file.read(() => this.#hasSomething())) void this.#serve();
      else this.#timer = setTimeout(() => this.#look(), this.#untilNextLookMs()).unref();
    } catch (error) {
      this.#waiting.fail(error);
    }
  }

  #untilNextLookMs(): number {
    const { file, queues, nowMs } = this.#store;
    const dueMs = file.read(() => queues.nextDueMs(this.#namespaceId)) ?? Number.POSITIVE_INFINITY;
    return Math.max(0, Math.min(dueMs - nowMs(), lookMs));
  }

  async #serve(): Promise<void> {
    this.#isServing = true;
    try {
      await this.#store.commits.submit({
        apply: () => this.#applyServe(),
        onCommitted: (served) => {
          for (const { waiting, deliveries } of served) waiting.answer(deliveries);
        },
        steps: rowsPerSliceMax,
      });
    } catch (error) {
      this.#waiting.fail(error);
    }
    this.#isServing = false;
    this.#look();
  }

  /** Gives what is ready to those that wait, the first before the others. */
  #applyServe(): Served[] {
    this.#takeDue();
    const served: Served[] = [];
    let messages = 0;
    for (const waiting of this.#waiting) {
      const deliveries = this.#take(waiting.request);
      messages += deliveries.length;
      if (deliveries.length > 0) served.push({ waiting, deliveries });
      if (deliveries.length === 0 || messages >= rowsPerSliceMax) break;
    }
    return served;
  }
}

function deliveriesMaxOf({ maxDeliveries }: QueueOptions, capabilities: ReadonlySet<string>): number {
  return capabilities.has("dead_letter") ? maxDeliveries : Number.POSITIVE_INFINITY;
}

function isLeaseLost(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === "LEASE_LOST";
}
