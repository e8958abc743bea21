import type { OutgoingMessage, StreamingServerCall } from "@prism-data/transport";

/** Writes the answers of a call, and knows whether the transport has taken more than it can pass on. */
export class CallWriter {
  readonly #call: StreamingServerCall;
  readonly #onWritable: () => void;
  #isBlocked = false;

  /** `onWritable` is called when the transport takes more again. */
  constructor(call: StreamingServerCall, onWritable: () => void) {
    this.#call = call;
    this.#onWritable = onWritable;
  }

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** Never blocks: what is written while the transport is blocked waits in memory. */
  write(answer: OutgoingMessage): void {
    if (this.#call.write(answer) || this.#isBlocked) return;
    this.#isBlocked = true;
    this.#call.writable().then(
      () => {
        this.#isBlocked = false;
        this.#onWritable();
      },
      // The call has ended, which its signal tells.
      () => {},
    );
  }
}
