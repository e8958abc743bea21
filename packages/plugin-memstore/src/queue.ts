import {
  type BatchResult,
  type Binding,
  type CallContext,
  type DeadLetterPage,
  type EtagSource,
  leaseEndedCause,
  leaseLostError,
  type Message,
  MinHeap,
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
} from "@prism-data/pattern-sdk";
import { attempt } from "./attempt.js";
import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { DeadLetters, type PageRequest } from "./dead-letters.js";
import { DeduplicationIds } from "./deduplication-ids.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { keptMessage } from "./kept-message.js";
import type { Shared } from "./key-value.js";
import { type StoredMessage, storedSizeBytes } from "./stored-message.js";
import { WaitingReceives } from "./waiting-receives.js";

/** One queue in memory. Every method but a receive that waits runs to its end without yielding, which makes it atomic. */
export class MemoryQueue implements Queue {
  readonly #budget: ByteBudget;
  readonly #clock: Clock;
  readonly #ids: EtagSource;
  readonly #messages = new Set<StoredMessage>();
  readonly #ready = new MinHeap<StoredMessage>();
  readonly #leased = new Map<string, StoredMessage>();
  readonly #dead = new DeadLetters();
  /** The ends of leases and of delays. */
  readonly #due: ExpiryQueue<StoredMessage>;
  readonly #retention: ExpiryQueue<StoredMessage>;
  readonly #deduplicationIds: DeduplicationIds;
  readonly #waiting: WaitingReceives;
  #options: QueueOptions;
  /** `Infinity`: messages are delivered without end. */
  #deliveriesMax = 0;
  #sequence = 0;

  constructor({ budget, clock, etags }: Shared, binding: Binding<QueueOptions>) {
    this.#budget = budget;
    this.#clock = clock;
    this.#ids = etags;
    this.#due = new ExpiryQueue(clock, (message) => this.#onDue(message));
    this.#retention = new ExpiryQueue(clock, (message) => this.#onTooOld(message));
    this.#deduplicationIds = new DeduplicationIds(budget, clock);
    this.#waiting = new WaitingReceives(clock);
    this.#options = binding.options;
    this.configure(binding);
  }

  /** Goes on with other options, also for the messages that are there. */
  configure({ options, capabilities }: Pick<Binding<QueueOptions>, "options" | "capabilities">): void {
    const retentionChanges = options.retentionMs !== this.#options.retentionMs;
    this.#options = options;
    this.#deliveriesMax = capabilities.has("dead_letter") ? options.maxDeliveries : Number.POSITIVE_INFINITY;
    for (const message of this.#messages) {
      if (retentionChanges) this.#scheduleRetention(message);
      if (message.state.kind === "ready" && message.deliveryCount >= this.#deliveriesMax) {
        this.#ready.remove(message.state.place);
        this.#die(message);
      }
    }
  }

  /** How many messages there are, dead letters among them. */
  get messages(): number {
    return this.#messages.size;
  }

  send(entries: readonly SendEntry[]): BatchResult<Sent>[] {
    const nowMs = this.#clock.nowMs();
    const results = entries.map((entry) => attempt(() => this.#send(entry, nowMs)));
    this.#serveWaiting();
    return results;
  }

  receive(request: ReceiveRequest, context: CallContext): readonly QueueDelivery[] | Promise<readonly QueueDelivery[]> {
    this.#takeDue();
    const deliveries = this.#take(request);
    if (deliveries.length > 0 || request.waitMs === 0 || context.signal.aborted) return deliveries;
    return this.#waiting.add(request, context);
  }

  acknowledge(deliveryIds: readonly string[]): BatchResult<void>[] {
    return this.#settle(deliveryIds, (message) => this.#forget(message));
  }

  reject(deliveryIds: readonly string[], { delayMs, cause }: Rejection): BatchResult<void>[] {
    const results = this.#settle(deliveryIds, (message) => {
      message.lastCause = cause;
      this.#giveBack(message, delayMs);
    });
    this.#serveWaiting();
    return results;
  }

  release(deliveryIds: readonly string[], counts: boolean): void {
    this.#settle(deliveryIds, (message) => {
      if (!counts) message.deliveryCount--;
      this.#giveBack(message, 0);
    });
    this.#serveWaiting();
  }

  extend(deliveryIds: readonly string[], leaseMs: number): BatchResult<number>[] {
    const leaseExpiresAtMs = this.#clock.nowMs() + leaseMs;
    return this.#settle(deliveryIds, (message, deliveryId) => {
      this.#lease(message, deliveryId, leaseExpiresAtMs);
      return leaseExpiresAtMs;
    });
  }

  describe(): QueueDescription {
    this.#takeDue();
    const [ready, leased, dead] = [this.#ready.size, this.#leased.size, this.#dead.size];
    return {
      ready,
      leased,
      delayed: this.#messages.size - ready - leased - dead,
      dead,
      oldestSentAtMs: this.#ready.first?.item.sentAtMs,
    };
  }

  listDeadLetters(request: PageRequest): DeadLetterPage {
    this.#takeDue();
    return this.#dead.page(request);
  }

  redrive(selection: RedriveSelection): number {
    this.#takeDue();
    const redriven = this.#dead.take(selection);
    for (const message of redriven) {
      message.deliveryCount = 0;
      message.lastCause = "";
      this.#makeReady(message);
    }
    this.#serveWaiting();
    return redriven.length;
  }

  /** Removes everything and stops the timers. Returns how many messages there were. */
  clear(): number {
    const { size } = this.#messages;
    for (const message of this.#messages) {
      this.#budget.add(-message.sizeBytes);
      message.state = { kind: "gone" };
    }
    for (const part of [this.#messages, this.#ready, this.#leased, this.#dead, this.#due, this.#retention])
      part.clear();
    this.#deduplicationIds.clear();
    this.#waiting.clear();
    return size;
  }

  #send({ message, delayMs, deduplicationId }: SendEntry, nowMs: number): Sent {
    if (deduplicationId === undefined) {
      this.#budget.requireRoom(storedSizeBytes(message));
    } else {
      const windowMs = this.#options.deduplicationWindowMs;
      const sentBefore = this.#deduplicationIds.messageIdOf(deduplicationId, nowMs, windowMs);
      if (sentBefore !== undefined) return { id: sentBefore, duplicate: true };
      const recordBytes = this.#deduplicationIds.sizeBytes(deduplicationId, message.id);
      this.#budget.requireRoom(storedSizeBytes(message) + recordBytes);
      this.#deduplicationIds.keep(deduplicationId, message.id, nowMs, windowMs);
    }
    this.#keep(message, nowMs, delayMs);
    return { id: message.id, duplicate: false };
  }

  #keep(sent: Message, nowMs: number, delayMs: number): void {
    const message: StoredMessage = {
      sequence: this.#sequence++,
      message: keptMessage(sent),
      sentAtMs: nowMs,
      sizeBytes: storedSizeBytes(sent),
      deliveryCount: 0,
      lastCause: "",
      state: { kind: "gone" },
      retention: undefined,
    };
    this.#messages.add(message);
    this.#budget.add(message.sizeBytes);
    this.#scheduleRetention(message);
    this.#makeReadyAfter(message, delayMs);
  }

  /** Leases what is ready, the oldest first. */
  #take({ messagesMax, bytesMax, leaseMs }: ReceiveRequest): QueueDelivery[] {
    const leaseExpiresAtMs = this.#clock.nowMs() + leaseMs;
    const deliveries: QueueDelivery[] = [];
    let sizeBytes = 0;
    for (let { first } = this.#ready; first !== undefined && deliveries.length < messagesMax; { first } = this.#ready) {
      const stored = first.item;
      sizeBytes += messageSizeBytes(stored.message);
      if (deliveries.length > 0 && sizeBytes > bytesMax) break;
      this.#ready.remove(first);
      stored.deliveryCount++;
      const deliveryId = this.#ids.next();
      this.#lease(stored, deliveryId, leaseExpiresAtMs);
      const { message, sentAtMs, deliveryCount } = stored;
      deliveries.push({ deliveryId, message, sentAtMs, deliveryCount, leaseExpiresAtMs });
    }
    return deliveries;
  }

  #serveWaiting(): void {
    this.#waiting.serve((request) => this.#take(request));
  }

  #lease(message: StoredMessage, deliveryId: string, leaseExpiresAtMs: number): void {
    message.state = { kind: "leased", deliveryId, due: this.#due.schedule(message, leaseExpiresAtMs) };
    this.#leased.set(deliveryId, message);
  }

  /** Ends leases and goes on with each message; one result each. */
  #settle<T>(
    deliveryIds: readonly string[],
    goOn: (message: StoredMessage, deliveryId: string) => T,
  ): BatchResult<T>[] {
    this.#takeDue();
    return deliveryIds.map((deliveryId) =>
      attempt(() => {
        const message = this.#leased.get(deliveryId);
        if (message?.state.kind !== "leased") throw leaseLostError();
        this.#due.cancel(message.state.due);
        this.#leased.delete(deliveryId);
        return goOn(message, deliveryId);
      }),
    );
  }

  /** Does with a message what becomes of it when its worker has not handled it. */
  #giveBack(message: StoredMessage, delayMs: number): void {
    if (this.#isTooOld(message)) this.#forget(message);
    else if (message.deliveryCount >= this.#deliveriesMax) this.#die(message);
    else this.#makeReadyAfter(message, delayMs);
  }

  #makeReadyAfter(message: StoredMessage, delayMs: number): void {
    if (delayMs === 0) this.#makeReady(message);
    else message.state = { kind: "delayed", due: this.#due.schedule(message, this.#clock.nowMs() + delayMs) };
  }

  #makeReady(message: StoredMessage): void {
    message.state = { kind: "ready", place: this.#ready.add(message, message.sequence) };
  }

  #die(message: StoredMessage): void {
    const cause = message.lastCause || leaseEndedCause(message.deliveryCount);
    this.#dead.add(message, this.#clock.nowMs(), cause);
  }

  #forget(message: StoredMessage): void {
    this.#messages.delete(message);
    this.#budget.add(-message.sizeBytes);
    if (message.retention !== undefined) this.#retention.cancel(message.retention);
    message.state = { kind: "gone" };
  }

  #takeDue(): void {
    const nowMs = this.#clock.nowMs();
    this.#due.takeDue(nowMs);
    this.#retention.takeDue(nowMs);
  }

  /** A lease or a delay has ended. */
  #onDue(message: StoredMessage): void {
    const { state } = message;
    if (state.kind === "leased") {
      this.#leased.delete(state.deliveryId);
      this.#giveBack(message, 0);
    } else {
      this.#makeReady(message);
    }
    this.#serveWaiting();
  }

  #isTooOld({ sentAtMs }: StoredMessage): boolean {
    const { retentionMs = Number.POSITIVE_INFINITY } = this.#options;
    return this.#clock.nowMs() - sentAtMs >= retentionMs;
  }

  #scheduleRetention(message: StoredMessage): void {
    if (message.retention !== undefined) this.#retention.cancel(message.retention);
    const { retentionMs } = this.#options;
    message.retention =
      retentionMs === undefined ? undefined : this.#retention.schedule(message, message.sentAtMs + retentionMs);
  }

  /** Removes a message, unless a worker has it: then it is removed when it would be given back. */
  #onTooOld(message: StoredMessage): void {
    const { state } = message;
    if (state.kind === "leased") return;
    if (state.kind === "ready") this.#ready.remove(state.place);
    else if (state.kind === "delayed") this.#due.cancel(state.due);
    else this.#dead.remove(message);
    this.#forget(message);
  }
}
