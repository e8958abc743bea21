import { Http2ErrorCode, type Http2Stream, TokenBucket } from "@prism-data/transport";
import { cancelsBurst, cancelsPerSecond, cancelsWaitingMax } from "./limits.js";

/**
 * Cancels calls in a plugin that is not written with the SDK: so many at once, then so many a second. Servers take more for a rapid
 * reset (CVE-2023-44487) and end the connection, with all other calls on it. Until its turn comes a call goes on in the plugin, and
 * many end there by themselves.
 */
export class Cancellations {
  readonly #budget: TokenBucket;
  readonly #waiting = new Set<Http2Stream>();
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number) {
    this.#budget = new TokenBucket(cancelsBurst, cancelsPerSecond, now);
  }

  /** Gives up a stream that has not ended: no event comes from it any more. */
  add(stream: Http2Stream): void {
    if (this.#waiting.size >= cancelsWaitingMax || (this.#waiting.size === 0 && this.#budget.spend())) {
      stream.reset(Http2ErrorCode.CANCEL);
      return;
    }
    stream.abandon();
    this.#waiting.add(stream);
    this.#timer ??= setInterval(() => this.#cancelSome(), 1_000 / cancelsPerSecond);
  }

  /** Cancels all that wait: no other call is on their connection any more. */
  flush(): void {
    for (const stream of this.#waiting) stream.reset(Http2ErrorCode.CANCEL);
    this.#waiting.clear();
    this.#stop();
  }

  #cancelSome(): void {
    for (const stream of this.#waiting) {
      if (!stream.isClosed && !this.#budget.spend()) return;
      stream.reset(Http2ErrorCode.CANCEL);
      this.#waiting.delete(stream);
    }
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
