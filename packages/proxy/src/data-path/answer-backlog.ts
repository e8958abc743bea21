import { connectionBacklogBytesMax } from "./limits.js";

/** Bytes of answers that apps have not read, over all their connections. */
export class UnreadBytes {
  readonly #limitBytes: number;
  sizeBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get isExceeded(): boolean {
    return this.sizeBytes > this.#limitBytes;
  }
}

/** A call that waits until its app has read earlier answers. `onRoom` is called once, unless it stops waiting first. */
export interface HeldBackCall {
  onRoom(): void;
}

/**
 * The answers that one app has not read: what waits for it here, and what plugins still hold of answers whose size is known.
 * Invariant: an app that does not read makes only its own calls wait.
 */
export class AnswerBacklog {
  readonly #unread: UnreadBytes;
  readonly #bufferedBytes: () => number;
  readonly #heldBack = new Set<HeldBackCall>();
  #owedBytes = 0;
  /** What of it is counted in `#unread`. */
  #countedBytes = 0;
  #isReleasing = false;
  /** The size of the last large answer: what the next one is taken for until its size is known. */
  lastLargeBytes = 1;

  /** `bufferedBytes`: what waits for the app's windows and its socket. */
  constructor(unread: UnreadBytes, bufferedBytes: () => number) {
    this.#unread = unread;
    this.#bufferedBytes = bufferedBytes;
  }

  /** Whether another call may go to its plugin. An app that has read everything always finds room. */
  get hasRoom(): boolean {
    const sizeBytes = this.measure();
    return sizeBytes === 0 || (sizeBytes <= connectionBacklogBytesMax && !this.#unread.isExceeded);
  }

  /** Whether a window may grow: nobody has to hurry while much waits already. */
  get mayGrow(): boolean {
    return !this.#unread.isExceeded;
  }

  /** Whether nothing that came for the app waits here. */
  get isRead(): boolean {
    return this.#bufferedBytes() === 0;
  }

  /** Counts what waits for the app now. */
  measure(): number {
    const sizeBytes = this.#bufferedBytes() + this.#owedBytes;
    this.#unread.sizeBytes += sizeBytes - this.#countedBytes;
    this.#countedBytes = sizeBytes;
    return sizeBytes;
  }

  /** Bytes of an answer are to come; fewer, when negative. */
  owe(sizeBytes: number): void {
    this.#owedBytes += sizeBytes;
    this.onRead();
  }

  holdBack(call: HeldBackCall): void {
    this.#heldBack.add(call);
  }

  stopHoldingBack(call: HeldBackCall): void {
    this.#heldBack.delete(call);
  }

  /** Bytes went to the app, or are not wanted any more. */
  onRead(): void {
    this.measure();
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    for (const call of this.#heldBack) {
      if (!this.hasRoom) break;
      this.#heldBack.delete(call);
      call.onRoom();
    }
    this.#isReleasing = false;
  }
}
