import type { Http2Stream } from "@prism-data/transport";
import type { ByteBudget } from "./byte-budget.js";

/** The part of a request that is held: what is not sent yet, and what is retained so that all of it can be sent again. */
export class HeldRequest {
  readonly #budget: ByteBudget;
  /** The first `#sentCount` of them are sent. */
  #chunks: Buffer[] = [];
  #sentCount = 0;
  #sizeBytes = 0;
  #isComplete = true;

  constructor(budget: ByteBudget) {
    this.#budget = budget;
  }

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

  /** Holds bytes that cannot be sent yet. False: the budget that all calls share does not allow it. */
  addUnsent(chunk: Buffer): boolean {
    if (!this.#budget.tryTake(chunk.length)) return false;
    this.#sizeBytes += chunk.length;
    this.#chunks.push(chunk);
    return true;
  }

  /** Retains bytes that were sent, unless the request grows over what is worth retaining. */
  addSent(chunk: Buffer, sizeBytesMax: number): void {
    if (!this.#isComplete) return;
    if (this.#sizeBytes + chunk.length <= sizeBytesMax && this.addUnsent(chunk)) this.#sentCount += 1;
    else this.forget();
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

  /** Everything is sent: keeps it, if it is small enough. */
  retain(sizeBytesMax: number): void {
    if (this.#sizeBytes > sizeBytesMax) this.forget();
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
    this.#budget.giveBack(this.#sizeBytes);
    this.#sizeBytes = 0;
  }
}
