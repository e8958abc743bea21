import { maxWindowBytes } from "./settings.js";

/** RFC 9113 section 6.9: what we may still send. May be negative after the peer made its initial window smaller. */
export class SendWindow {
  available: number;

  constructor(sizeBytes: number) {
    this.available = sizeBytes;
  }

  /** False when the window would pass 2^31-1 (section 6.9.1). */
  grow(bytes: number): boolean {
    this.available += bytes;
    return this.available <= maxWindowBytes;
  }
}

/** RFC 9113 section 6.9: what the peer may still send to us. */
export class ReceiveWindow {
  #targetBytes: number;
  #available: number;
  #unannounced = 0;

  /** `sizeBytes`: what the peer may send now. `targetBytes`: half of it released makes a WINDOW_UPDATE worth sending. */
  constructor(sizeBytes: number, targetBytes: number) {
    this.#available = sizeBytes;
    this.#targetBytes = targetBytes;
  }

  get available(): number {
    return this.#available;
  }

  get #announceAtBytes(): number {
    return Math.max(1, this.#targetBytes >>> 1);
  }

  /** Accounts for a received frame; false when the peer sent more than it was allowed to. */
  take(bytes: number): boolean {
    this.#available -= bytes;
    return this.#available >= 0;
  }

  /** The size was changed by an acknowledged setting. */
  adjust(bytes: number): void {
    this.#available += bytes;
  }

  /** Makes the window larger for good; what is released later is announced less often. Returns the increment to announce now. */
  grow(bytes: number): number {
    this.#targetBytes += bytes;
    return this.release(bytes);
  }

  /** Gives bytes back; returns the increment to announce now, 0 for none yet. */
  release(bytes: number): number {
    this.#unannounced += bytes;
    if (this.#unannounced < this.#announceAtBytes) return 0;
    const increment = this.#unannounced;
    this.#unannounced = 0;
    this.#available += increment;
    return increment;
  }
}
