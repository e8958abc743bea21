import { Duplex } from "node:stream";
import type { SeededRandom } from "./seeded-random.js";

class CuttingSide extends Duplex {
  other: CuttingSide | undefined;
  readonly #random: SeededRandom;
  #resume: (() => void) | undefined;

  constructor(random: SeededRandom) {
    super({ highWaterMark: 1 + random.below(100_000) });
    this.#random = random;
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.other?.receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.other?.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (this.other?.destroyed === false) this.other.push(null);
    done(error);
  }

  /** Passes the bytes on in pieces of random size, and says when there is room for more. */
  receive(chunk: Buffer, done: () => void): void {
    let hasRoom = true;
    for (let at = 0; at < chunk.length; ) {
      const most = this.#random.below(4) === 0 ? 3 : 5000;
      const end = Math.min(chunk.length, at + 1 + this.#random.below(most));
      hasRoom = this.push(Buffer.from(chunk.subarray(at, end)));
      at = end;
    }
    if (hasRoom) setImmediate(done);
    else this.#resume = done;
  }
}

/** Two ends of a connection that cuts what passes through it into random pieces. */
export function cuttingPair(random: SeededRandom): [Duplex, Duplex] {
  const [near, far] = [new CuttingSide(random), new CuttingSide(random)];
  near.other = far;
  far.other = near;
  return [near, far];
}
