import type { ByteBudget } from "./byte-budget.js";
import type { Clock } from "./clock.js";
import { ExpiryQueue, type Scheduled } from "./expiry-queue.js";

/** What a record takes beside its ids, as measured: map and expiry queue, the record, its texts. */
const recordOverheadBytes = 512;

interface SentRecord {
  readonly deduplicationId: string;
  readonly messageId: string;
  readonly sentAtMs: number;
  readonly sizeBytes: number;
}

/** The deduplication ids that one queue has seen lately, each with the message that it came with. */
export class DeduplicationIds {
  readonly #budget: ByteBudget;
  readonly #records = new Map<string, Scheduled<SentRecord>>();
  readonly #expiry: ExpiryQueue<SentRecord>;

  constructor(budget: ByteBudget, clock: Clock) {
    this.#budget = budget;
    this.#expiry = new ExpiryQueue(clock, (record) => this.#forget(record));
  }

  /** The id of the message that was sent with this one less than `windowMs` ago. */
  messageIdOf(deduplicationId: string, nowMs: number, windowMs: number): string | undefined {
    const record = this.#records.get(deduplicationId)?.item;
    return record !== undefined && nowMs - record.sentAtMs < windowMs ? record.messageId : undefined;
  }

  /** The bytes that keeping an id would add. */
  sizeBytes(deduplicationId: string, messageId: string): number {
    return Buffer.byteLength(deduplicationId) + Buffer.byteLength(messageId) + recordOverheadBytes;
  }

  keep(deduplicationId: string, messageId: string, nowMs: number, windowMs: number): void {
    const replaced = this.#records.get(deduplicationId);
    if (replaced !== undefined) {
      this.#expiry.cancel(replaced);
      this.#forget(replaced.item);
    }
    const sizeBytes = this.sizeBytes(deduplicationId, messageId);
    this.#budget.add(sizeBytes);
    const record = { deduplicationId, messageId, sentAtMs: nowMs, sizeBytes };
    this.#records.set(deduplicationId, this.#expiry.schedule(record, nowMs + windowMs));
  }

  clear(): void {
    for (const { item } of this.#records.values()) this.#budget.add(-item.sizeBytes);
    this.#records.clear();
    this.#expiry.clear();
  }

  #forget({ deduplicationId, sizeBytes }: SentRecord): void {
    this.#records.delete(deduplicationId);
    this.#budget.add(-sizeBytes);
  }
}
