import { copyAloneBytes, type Http2Stream, returnSlab, slabBytes, takeSlab } from "@prism-data/transport";
import type { ByteBudget } from "./byte-budget.js";

/** The part of a request that is held: what is not sent yet, and what is retained so that all of it can be sent again. */
export class HeldRequest {
  /** Whose bytes these are, while they are held for longer than the moment. */
  #budget: ByteBudget | undefined;
  /** The first `#sentCount` of them are sent. */
  #chunks: Buffer[] = [];
  #sentCount = 0;
  /** The first of them are copies. */
  #ownedCount = 0;
  /** The memory of large copies. */
  #slabs: Buffer[] = [];
  #slabFilled = 0;
  #sizeBytes = 0;
  #isComplete = true;

  get chunks(): readonly Buffer[] {
    return this.#chunks;
  }

  /** Whether every byte that came is still here. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get hasUnsent(): boolean {
    return this.#sentCount < this.#chunks.length;
  }

  /** Takes bytes that are not sent yet. False: the budget that they are held on has no room for them. */
  add(chunk: Buffer): boolean {
    if (this.#budget !== undefined && !this.#budget.tryTake(chunk.length)) return false;
    this.#sizeBytes += chunk.length;
    this.#chunks.push(chunk);
    return true;
  }

  /** What was taken last is only lent to whoever took it: copies it if it is still here. */
  own(): void {
    const chunk = this.#chunks.at(-1);
    if (chunk === undefined || this.#ownedCount === this.#chunks.length) return;
    this.#chunks.pop();
    if (chunk.length <= copyAloneBytes && this.#slabs.length === 0) this.#chunks.push(Buffer.from(chunk));
    else this.#copyToSlabs(chunk);
    if (this.#sentCount > this.#ownedCount) this.#sentCount = this.#chunks.length;
    this.#ownedCount = this.#chunks.length;
  }

  /** Takes bytes that were sent, to retain them with those before. */
  addSent(chunk: Buffer, sizeBytesMax: number): void {
    if (!this.#isComplete) return;
    if (this.#sizeBytes + chunk.length <= sizeBytesMax && this.add(chunk)) this.#sentCount += 1;
    else this.forget();
  }

  /** Holds what is here on a budget from now on. False: it has no room. */
  holdOn(budget: ByteBudget): boolean {
    this.#budget?.giveBack(this.#sizeBytes);
    this.#budget = budget.tryTake(this.#sizeBytes) ? budget : undefined;
    return this.#budget !== undefined;
  }

  /** Sends what is not sent yet. False when the stream takes no more for now. */
  sendTo(stream: Http2Stream, requestEnded: boolean): boolean {
    let isWritable = true;
    const last = this.#chunks.length - 1;
    for (let at = this.#sentCount; at <= last; at += 1) {
      isWritable = stream.relayData(this.#chunks[at]!, at === last && requestEnded);
    }
    this.#sentCount = this.#chunks.length;
    return isWritable;
  }

  /** Everything is sent: keeps it, if it is small enough and complete, and the budget has room. */
  retain(budget: ByteBudget, sizeBytesMax: number): void {
    if (!this.#isComplete || this.#sizeBytes > sizeBytesMax || !this.holdOn(budget)) this.forget();
  }

  /** The plugin is lost or has refused the call: nothing is sent. */
  rewind(): void {
    this.#sentCount = 0;
  }

  /** Lets go of everything. */
  forget(): void {
    if (this.#chunks.length > 0) this.#chunks = [];
    if (this.#slabs.length > 0) this.#dropSlabs();
    this.#sentCount = 0;
    this.#ownedCount = 0;
    this.#isComplete = false;
    this.#budget?.giveBack(this.#sizeBytes);
    this.#budget = undefined;
    this.#sizeBytes = 0;
  }

  #copyToSlabs(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#slabs.length === 0 || this.#slabFilled === slabBytes) this.#addSlab();
      const slab = this.#slabs.at(-1)!;
      const start = this.#slabFilled;
      const copied = chunk.copy(slab, start, at);
      this.#chunks.push(slab.subarray(start, start + copied));
      this.#slabFilled += copied;
      at += copied;
    }
  }

  #dropSlabs(): void {
    for (const slab of this.#slabs) returnSlab(slab);
    this.#slabs = [];
  }

  #addSlab(): void {
    this.#slabs.push(takeSlab());
    this.#slabFilled = 0;
  }
}
