import { ConnectionFault, type ConnectionOffence, Http2ErrorCode } from "./error-code.js";
import type { ConnectionLimits } from "./limits.js";
import type { Sender } from "./sender.js";
import { TokenBucket } from "./token-bucket.js";

/** Counts what costs a peer little and us much, and throws a ConnectionFault for one that sends too much of it. */
export class FloodGuard {
  readonly #sender: Sender;
  readonly #resets: TokenBucket;
  readonly #controls: TokenBucket;
  readonly #emptyFrames: TokenBucket;

  constructor(limits: ConnectionLimits, sender: Sender) {
    this.#sender = sender;
    this.#resets = new TokenBucket(limits.resetBurst, limits.resetsPerSecond);
    this.#controls = new TokenBucket(limits.controlBurst, limits.controlPerSecond);
    this.#emptyFrames = new TokenBucket(limits.emptyFrameBurst, limits.emptyFramesPerSecond);
  }

  /** A stream was cancelled, refused, or reset for a fault. */
  countReset(): void {
    if (!this.#resets.spend()) throw tooMuch("reset_flood", "too many streams cancelled or refused");
  }

  /** A stream that completed earns back what a cancelled one costs. */
  streamFinished(): void {
    this.#resets.earn();
  }

  /** Peers that measure the connection ping once per round trip while data flows: what we sent pays for that. */
  countControl(): void {
    if (this.#controls.spend()) return;
    this.#controls.earn(this.#sender.takeUsefulFrames());
    if (!this.#controls.spend()) throw tooMuch("control_flood", "too many control frames");
  }

  /** `isUseful`: it has bytes or ends its stream. */
  countData(isUseful: boolean): void {
    if (isUseful) this.#emptyFrames.earn();
    else if (!this.#emptyFrames.spend()) throw tooMuch("empty_frame_flood", "empty DATA frames");
  }

  checkUnread(): void {
    if (this.#sender.isOverfull) throw tooMuch("unread_answers", "the peer does not read our answers");
  }
}

function tooMuch(offence: ConnectionOffence, what: string): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.ENHANCE_YOUR_CALM, what, offence);
}
