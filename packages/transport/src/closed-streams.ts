const streamEnds = ["finished", "reset-by-peer", "reset-by-us"] as const;
/** How a stream ended: both sides finished, the peer reset it, or we did. */
export type StreamEnd = (typeof streamEnds)[number];

/** Enough for every stream that ends within one round trip; older ids get the benefit of the doubt. */
const remembered = 1024;

/**
 * RFC 9113 section 5.1, "closed": what a late frame means depends on how its stream ended, so the last ends are kept.
 */
export class ClosedStreams {
  readonly #ids = new Int32Array(remembered);
  readonly #ends = new Uint8Array(remembered);
  #next = 0;
  #forgottenUpTo = 0;

  add(id: number, end: StreamEnd): void {
    this.#forgottenUpTo = Math.max(this.#forgottenUpTo, this.#ids[this.#next]!);
    this.#ids[this.#next] = id;
    this.#ends[this.#next] = streamEnds.indexOf(end);
    this.#next = (this.#next + 1) % remembered;
  }

  /** "never-opened": the id was skipped. "forgotten": it ended too long ago to say how. */
  endOf(id: number): StreamEnd | "never-opened" | "forgotten" {
    const position = this.#ids.lastIndexOf(id);
    if (position >= 0) return streamEnds[this.#ends[position]!]!;
    return id <= this.#forgottenUpTo ? "forgotten" : "never-opened";
  }
}
