import type { Http2Stream } from "@prism-data/transport";
import type { ByteBudget } from "./byte-budget.js";

/** The part of a request that is held: what is not sent yet, and what is retained so that all of it can be sent again. */
export class HeldRequest {
  /** Whose bytes these are, while they are held for longer than the moment. */
  #budget: ByteBudget | undefined;
  /** The first `#sentCount` of them are sent. */
  #chunks: Buffer[] = [];
  #sentCount = 0;
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
      isWritable = stream.sendData(this.#chunks[at]!, at === last && requestEnded);
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
    this.#sentCount = 0;
    this.#isComplete = false;
    this.#budget?.giveBack(this.#sizeBytes);
    this.#budget = undefined;
    this.#sizeBytes = 0;
  }
}
