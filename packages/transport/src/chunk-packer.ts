/** So few chunks get memory of their own: nearly every message is in them. */
const looseChunks = 8;
/** Below this an object costs as much as its bytes. */
const packBelowBytes = 1024;
const slabBytes = 4096;

/**
 * Adds copies of chunks, which are only lent, to a list that is held. A peer may send a message byte by byte; many small chunks
 * are copied together, so that what is held takes about as much memory as it has bytes.
 */
export class ChunkPacker {
  #slab = Buffer.alloc(0);
  #start = 0;
  #end = 0;
  /** The view of bytes [start, end) of the slab; while it is the last of the list, it can grow. */
  #last: Buffer | undefined;

  add(chunks: Buffer[], chunk: Buffer): void {
    if (chunks.length < looseChunks || chunk.length >= packBelowBytes) {
      chunks.push(Buffer.from(chunk));
      return;
    }
    if (this.#end + chunk.length > this.#slab.length) this.#newSlab();
    if (this.#last !== undefined && this.#last === chunks.at(-1)) chunks.pop();
    else this.#start = this.#end;
    this.#slab.set(chunk, this.#end);
    this.#end += chunk.length;
    this.#last = this.#slab.subarray(this.#start, this.#end);
    chunks.push(this.#last);
  }

  #newSlab(): void {
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    this.#start = 0;
    this.#end = 0;
    this.#last = undefined;
  }
}
