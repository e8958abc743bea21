import { ConnectionClosedError } from "./error-code.js";
import { writeUint32 } from "./frame.js";

/** More unanswered pings tell nothing that these do not. */
const maxUnanswered = 16;

interface UnansweredPing {
  readonly sentAtMs: number;
  readonly timer: NodeJS.Timeout;
  readonly resolve: (roundTripMs: number) => void;
  readonly reject: (error: Error) => void;
}

/** RFC 9113 section 6.7: our pings and their answers. */
export class Pings {
  readonly #transmit: (payload: Uint8Array) => void;
  readonly #unanswered = new Map<number, UnansweredPing>();
  #nextNumber = 1;

  constructor(transmit: (payload: Uint8Array) => void) {
    this.#transmit = transmit;
  }

  send(timeoutMs: number): Promise<number> {
    if (this.#unanswered.size >= maxUnanswered) {
      return Promise.reject(new ConnectionClosedError(`${maxUnanswered} pings are unanswered`));
    }
    const number = this.#nextNumber;
    this.#nextNumber = (number + 1) >>> 0;
    const payload = Buffer.alloc(8);
    writeUint32(payload, 4, number);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#unanswered.delete(number);
        reject(new ConnectionClosedError(`no answer to a ping within ${timeoutMs} ms`));
      }, timeoutMs);
      this.#unanswered.set(number, { sentAtMs: performance.now(), timer, resolve, reject });
      this.#transmit(payload);
    });
  }

  /** An answer to a ping we did not send, or gave up on, means nothing. */
  onAck(payload: Buffer): void {
    const number = payload.readUInt32BE(4);
    const ping = this.#unanswered.get(number);
    if (ping === undefined || payload.readUInt32BE(0) !== 0) return;
    this.#unanswered.delete(number);
    clearTimeout(ping.timer);
    ping.resolve(performance.now() - ping.sentAtMs);
  }

  rejectAll(error: Error): void {
    for (const { timer, reject } of this.#unanswered.values()) {
      clearTimeout(timer);
      reject(error);
    }
    this.#unanswered.clear();
  }
}
