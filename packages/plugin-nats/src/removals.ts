import type { JetStream } from "./jet-stream.js";

/** How many messages may wait to be removed in passing; more are left to who reads the stream next. */
const waitingMax = 100_000;

/** Removes messages of one stream, a few at a time. */
export class Removals {
  readonly #jetStream: JetStream;
  readonly #stream: string;
  readonly #atOnceMax: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  /** `atOnceMax`: how many requests are sent at once. JetStream works them off one by one. */
  constructor(jetStream: JetStream, { stream, atOnceMax }: { readonly stream: string; readonly atOnceMax: number }) {
    this.#jetStream = jetStream;
    this.#stream = stream;
    this.#atOnceMax = atOnceMax;
  }

  /** Returns when the message is not there any more. */
  remove(sequence: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push(() => this.#jetStream.removeMessage(this.#stream, sequence).then(() => resolve(), reject));
    this.#run();
    return promise;
  }

  /** Removes it some time, unless NATS goes away. */
  removeSoon(sequence: number): void {
    if (this.#waiting.length < waitingMax) this.remove(sequence).catch(() => {});
  }

  #run(): void {
    while (this.#running < this.#atOnceMax) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#running++;
      void next().finally(() => {
        this.#running--;
        this.#run();
      });
    }
  }
}
