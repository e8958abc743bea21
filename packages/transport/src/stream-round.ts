import type { Stream } from "./stream.js";

/** Streams that wait for their turn, first come first served. A stream is in one round at a time. */
export class StreamRound {
  #head: Stream | undefined;
  #tail: Stream | undefined;

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  push(stream: Stream): void {
    if (this.#tail === undefined) this.#head = stream;
    else this.#tail.nextInRound = stream;
    this.#tail = stream;
  }

  shift(): Stream | undefined {
    const stream = this.#head;
    if (stream === undefined) return undefined;
    this.#head = stream.nextInRound;
    if (this.#head === undefined) this.#tail = undefined;
    stream.nextInRound = undefined;
    return stream;
  }
}
