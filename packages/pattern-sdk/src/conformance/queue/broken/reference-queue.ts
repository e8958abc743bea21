import type { CallContext } from "../../../call-context.js";
import type { BatchResult } from "../../../patterns/batch-result.js";
import type { Message } from "../../../patterns/messaging/message.js";
import { messageSizeBytes } from "../../../patterns/messaging/message-size.js";
import {
  type DeadLetter,
  type DeadLetterPage,
  leaseEndedCause,
  leaseLostError,
  type Queue,
  type QueueDelivery,
  type QueueDescription,
  type QueueOptions,
  type ReceiveRequest,
  type RedriveSelection,
  type Rejection,
  type SendEntry,
  type Sent,
} from "../../../patterns/queue/index.js";

/** One message of a queue. Until `visibleAtMs` nobody may receive it. */
export interface Held {
  readonly message: Message;
  readonly sentAtMs: number;
  visibleAtMs: number;
  deliveryCount: number;
  cause: string;
  /** There exactly while it is leased. */
  deliveryId: string | undefined;
  diedAtMs: number | undefined;
}

/** A queue on a list, as plain as can be, that keeps every promise. Each part that a broken queue changes is a method of its own. */
export class ReferenceQueue implements Queue {
  held: Held[] = [];
  options: QueueOptions;
  hasDeadLetters: boolean;
  #deduplicated = new Map<string, { readonly id: string; readonly atMs: number }>();
  #deliveries = 0;

  constructor(options: QueueOptions, hasDeadLetters: boolean) {
    this.options = options;
    this.hasDeadLetters = hasDeadLetters;
  }

  clear(): void {
    this.held = [];
    this.#deduplicated = new Map();
  }

  async send(entries: readonly SendEntry[], _context: CallContext): Promise<BatchResult<Sent>[]> {
    return entries.map((entry) => ({ ok: true, result: this.sendOne(entry) }));
  }

  sendOne({ message, delayMs, deduplicationId }: SendEntry): Sent {
    const first = deduplicationId === undefined ? undefined : this.#deduplicated.get(deduplicationId);
    if (first !== undefined && this.isWithinWindow(first.atMs)) return { id: first.id, duplicate: true };
    const nowMs = Date.now();
    if (deduplicationId !== undefined) this.#deduplicated.set(deduplicationId, { id: message.id, atMs: nowMs });
    this.held.push({
      message: this.stored(message),
      sentAtMs: nowMs,
      visibleAtMs: nowMs + delayMs,
      deliveryCount: 0,
      cause: "",
      deliveryId: undefined,
      diedAtMs: undefined,
    });
    return { id: message.id, duplicate: false };
  }

  isWithinWindow(atMs: number): boolean {
    return Date.now() - atMs < this.options.deduplicationWindowMs;
  }

  stored(message: Message): Message {
    return message;
  }

  async receive(request: ReceiveRequest, context: CallContext): Promise<QueueDelivery[]> {
    const endsAtMs = performance.now() + request.waitMs;
    for (;;) {
      const deliveries = this.take(request);
      if (deliveries.length > 0 || performance.now() >= endsAtMs || context.signal.aborted) return deliveries;
      await this.pause();
    }
  }

  pause(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, 5));
  }

  take({ messagesMax, bytesMax, leaseMs }: ReceiveRequest): QueueDelivery[] {
    this.sweep();
    const deliveries: QueueDelivery[] = [];
    let sizeBytes = 0;
    for (const held of this.inOrder().filter((one) => this.isReady(one))) {
      sizeBytes += messageSizeBytes(held.message);
      if (deliveries.length === messagesMax || (deliveries.length > 0 && sizeBytes > bytesMax)) break;
      deliveries.push(this.lease(held, leaseMs));
    }
    return deliveries;
  }

  inOrder(): readonly Held[] {
    return this.held;
  }

  isReady({ deliveryId, diedAtMs, visibleAtMs }: Held): boolean {
    return deliveryId === undefined && diedAtMs === undefined && visibleAtMs <= Date.now();
  }

  lease(held: Held, leaseMs: number): QueueDelivery {
    held.deliveryCount++;
    held.deliveryId = this.nextDeliveryId();
    held.visibleAtMs = Date.now() + leaseMs;
    const { message, sentAtMs, deliveryCount, deliveryId, visibleAtMs } = held;
    return { deliveryId, message, sentAtMs, deliveryCount, leaseExpiresAtMs: visibleAtMs };
  }

  nextDeliveryId(): string {
    this.#deliveries++;
    return `d${this.#deliveries}-${Math.random()}`;
  }

  /** Does what time asks for: ended leases, and messages that are too old. */
  sweep(): void {
    const nowMs = Date.now();
    for (const held of this.held) {
      if (held.deliveryId !== undefined && held.visibleAtMs <= nowMs) this.giveBack(held, 0);
    }
    const { retentionMs } = this.options;
    if (retentionMs === undefined) return;
    this.held = this.held.filter((held) => held.deliveryId !== undefined || nowMs - held.sentAtMs < retentionMs);
  }

  giveBack(held: Held, delayMs: number): void {
    held.deliveryId = undefined;
    held.visibleAtMs = Date.now() + delayMs;
    if (!this.hasDeadLetters || held.deliveryCount < this.options.maxDeliveries) return;
    held.diedAtMs = Date.now();
    if (held.cause === "") held.cause = leaseEndedCause(held.deliveryCount);
  }

  settle<T>(deliveryIds: readonly string[], goOn: (held: Held) => T): BatchResult<T>[] {
    this.sweep();
    return deliveryIds.map((deliveryId) => {
      const held = this.leasedAs(deliveryId);
      return held === undefined ? { ok: false, error: leaseLostError() } : { ok: true, result: goOn(held) };
    });
  }

  leasedAs(deliveryId: string): Held | undefined {
    return this.held.find((held) => held.deliveryId === deliveryId);
  }

  async acknowledge(deliveryIds: readonly string[], _context: CallContext): Promise<BatchResult<void>[]> {
    return this.settle(deliveryIds, (held) => this.remove(held));
  }

  remove(gone: Held): void {
    this.held = this.held.filter((held) => held !== gone);
  }

  async reject(
    deliveryIds: readonly string[],
    { delayMs, cause }: Rejection,
    _context: CallContext,
  ): Promise<BatchResult<void>[]> {
    return this.settle(deliveryIds, (held) => {
      held.cause = cause;
      this.giveBack(held, delayMs);
    });
  }

  async release(deliveryIds: readonly string[], counts: boolean, _context: CallContext): Promise<void> {
    this.settle(deliveryIds, (held) => {
      if (!counts) held.deliveryCount--;
      this.giveBack(held, 0);
    });
  }

  async extend(deliveryIds: readonly string[], leaseMs: number, _context: CallContext): Promise<BatchResult<number>[]> {
    return this.settle(deliveryIds, (held) => {
      held.visibleAtMs = Date.now() + leaseMs;
      return held.visibleAtMs;
    });
  }

  async describe(_context: CallContext): Promise<QueueDescription> {
    this.sweep();
    const ready = this.held.filter((held) => this.isReady(held));
    const leased = this.held.filter(({ deliveryId }) => deliveryId !== undefined).length;
    const dead = this.dead().length;
    const delayed = this.held.length - ready.length - leased - dead;
    return { ready: ready.length, leased, delayed, dead, oldestSentAtMs: ready[0]?.sentAtMs };
  }

  dead(): Held[] {
    return this.held
      .filter(({ diedAtMs }) => diedAtMs !== undefined)
      .sort((one, other) => one.diedAtMs! - other.diedAtMs! || this.held.indexOf(one) - this.held.indexOf(other));
  }

  async listDeadLetters(
    { limit, bytesMax, cursor }: { limit: number; bytesMax: number; cursor?: string | undefined },
    _context: CallContext,
  ): Promise<DeadLetterPage> {
    this.sweep();
    const dead = this.dead();
    const start = cursor === undefined ? 0 : this.placeAfter(dead, cursor);
    const page: Held[] = [];
    let sizeBytes = 0;
    for (const held of dead.slice(start, start + limit)) {
      sizeBytes += messageSizeBytes(held.message);
      if (page.length > 0 && sizeBytes > bytesMax) break;
      page.push(held);
    }
    const last = page.at(-1);
    const isLast = last === undefined || last === dead.at(-1);
    return { deadLetters: page.map(letterOf), cursor: isLast ? undefined : this.cursorAt(last) };
  }

  cursorAt({ diedAtMs, message }: Held): string {
    return `${diedAtMs} ${message.id}`;
  }

  /** After the dead letter that the cursor names, or after all that died before it. */
  placeAfter(dead: readonly Held[], cursor: string): number {
    const named = dead.findIndex((held) => this.cursorAt(held) === cursor);
    if (named >= 0) return named + 1;
    const diedAtMs = Number(cursor.split(" ")[0]);
    const next = dead.findIndex((held) => held.diedAtMs! > diedAtMs);
    return next < 0 ? dead.length : next;
  }

  async redrive(selection: RedriveSelection, _context: CallContext): Promise<number> {
    this.sweep();
    const dead = this.dead();
    const redriven =
      selection.kind === "ids"
        ? dead.filter(({ message }) => selection.ids.includes(message.id))
        : dead.slice(0, selection.limit);
    for (const held of redriven) this.revive(held);
    return redriven.length;
  }

  revive(held: Held): void {
    Object.assign(held, { diedAtMs: undefined, deliveryCount: 0, cause: "", visibleAtMs: Date.now() });
  }
}

function letterOf({ message, sentAtMs, diedAtMs, deliveryCount, cause }: Held): DeadLetter {
  return { message, sentAtMs, diedAtMs: diedAtMs ?? sentAtMs, deliveryCount, cause };
}
