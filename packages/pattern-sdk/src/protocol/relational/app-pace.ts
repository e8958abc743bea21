import { GatewayError } from "../../errors.js";
import { unlessAborted } from "../pattern/stream-method.js";

/** Waits for an app, at most so long each time. */
export class AppPace {
  readonly #idleTimeoutMs: number;
  readonly #signal: AbortSignal;

  /** `signal` ends every wait. */
  constructor(idleTimeoutMs: number, signal: AbortSignal) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#signal = signal;
  }

  /** What `step` settles with. Rejects with TRANSACTION_IDLE when that takes too long, and with the signal's reason. */
  async within<T>(step: PromiseLike<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const timer = setTimeout(() => reject(transactionIdle(this.#idleTimeoutMs)), this.#idleTimeoutMs);
    step.then(resolve, reject);
    try {
      return await unlessAborted(promise, this.#signal);
    } finally {
      clearTimeout(timer);
    }
  }
}

function transactionIdle(idleTimeoutMs: number): GatewayError {
  return new GatewayError(
    "TRANSACTION_IDLE",
    `The transaction waited ${idleTimeoutMs} ms for its app, its idle_timeout, and was rolled back. ` +
      "Begin it when its statements are at hand, or give it a longer idle_timeout.",
  );
}
