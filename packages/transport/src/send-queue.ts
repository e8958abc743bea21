import type { Payload } from "./output.js";
import { copyAloneBytes, returnSlab, slabBytes, takeSlab } from "./slab-pool.js";

/** So few small pieces are kept as they come; more of them are copied together. */
const looseChunks = 16;
/** Below this the object that a view is costs as much as its bytes. */
const packBelowBytes = 256;

interface Chunk {
  readonly bytes: Uint8Array;
  /** Bytes [start, end) of it wait. */
  start: number;
  end: number;
  /** The memory that it is in; whoever takes the last of it returns it to the pool. */
  readonly slab: Buffer | undefined;
}

/** The bytes of one stream that wait for a window or the socket, in order. */
export class SendQueue {
  #chunks: Chunk[] = [];
  #head = 0;
  sizeBytes = 0;

  /** Keeps the bytes by reference: they must not change. */
  add(bytes: Uint8Array, start: number): void {
    if (this.#isOneOfMany(bytes)) {
      this.#pack(bytes, start);
      return;
    }
    this.#push({ bytes, start, end: bytes.length, slab: undefined });
    this.sizeBytes += bytes.length - start;
  }

  /** Copies the bytes, which are only lent. */
  addCopy(bytes: Uint8Array, start: number): void {
    if (this.#isOneOfMany(bytes)) {
      this.#pack(bytes, start);
      return;
    }
    this.sizeBytes += bytes.length - start;
    let at = start + this.#fillTail(bytes, start);
    while (at < bytes.length) {
      const end = Math.min(bytes.length, at + slabBytes);
      this.#push(copyOf(bytes.subarray(at, end)));
      at = end;
    }
  }

  /** Passes on the next `sizeBytes`, piece by piece. */
  take(sizeBytes: number, use: (payload: Payload) => void): void {
    this.sizeBytes -= sizeBytes;
    for (let left = sizeBytes; left > 0; ) {
      const chunk = this.#chunks[this.#head]!;
      const end = Math.min(chunk.end, chunk.start + left);
      const emptiedSlab = end === chunk.end ? chunk.slab : undefined;
      use({ bytes: chunk.bytes, start: chunk.start, end, isLent: false, emptiedSlab });
      left -= end - chunk.start;
      chunk.start = end;
      if (end === chunk.end) this.#dropHead();
    }
  }

  drop(): void {
    // Where a part was taken it may not be written yet: that slab is left to the garbage collector.
    for (const { slab, start } of this.#chunks.slice(this.#head))
      if (slab !== undefined && start === 0) returnSlab(slab);
    this.#chunks = [];
    this.#head = 0;
    this.sizeBytes = 0;
  }

  #isOneOfMany(bytes: Uint8Array): boolean {
    return bytes.length < packBelowBytes && this.#chunks.length - this.#head >= looseChunks;
  }

  /** Copies the bytes to a slab that others follow in: a peer may send byte by byte. */
  #pack(bytes: Uint8Array, start: number): void {
    this.sizeBytes += bytes.length - start;
    const packed = this.#fillTail(bytes, start);
    if (start + packed === bytes.length) return;
    const slab = takeSlab();
    slab.set(bytes.subarray(start + packed));
    this.#push({ bytes: slab, start: 0, end: bytes.length - start - packed, slab });
  }

  /** Copies what the last slab has room for; answers how much that was. */
  #fillTail(bytes: Uint8Array, start: number): number {
    const tail = this.#head < this.#chunks.length ? this.#chunks.at(-1) : undefined;
    if (tail?.slab === undefined) return 0;
    const sizeBytes = Math.min(bytes.length - start, slabBytes - tail.end);
    tail.slab.set(bytes.subarray(start, start + sizeBytes), tail.end);
    tail.end += sizeBytes;
    return sizeBytes;
  }

  #push(chunk: Chunk): void {
    if (chunk.start < chunk.end) this.#chunks.push(chunk);
  }

  #dropHead(): void {
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}

function copyOf(bytes: Uint8Array): Chunk {
  if (bytes.length <= copyAloneBytes)
    return { bytes: Buffer.from(bytes), start: 0, end: bytes.length, slab: undefined };
  const slab = takeSlab();
  slab.set(bytes);
  return { bytes: slab, start: 0, end: bytes.length, slab };
}
