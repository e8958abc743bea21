import { compareUtf8 } from "@prism-data/pattern-sdk";

/** A chunk is split above this: small enough to move in well under a microsecond, large enough that chunks stay few. */
const chunkKeysMax = 512;

/** A chunk is joined with its neighbour when both together are below this; far below the split, so that they do not alternate. */
const joinedKeysMax = chunkKeysMax / 4;

/** A place in the order: an index into the chunks, and one into that chunk. Past the last key: `chunk` is the number of chunks. */
interface Position {
  readonly chunk: number;
  readonly offset: number;
}

/**
 * A set of keys in the order of their UTF-8 bytes.
 *
 * A sorted array cut into chunks: adding and removing moves at most one chunk, seeking is two binary searches, and counting
 * a range adds up the lengths of the chunks in it.
 */
export class SortedKeys {
  /** Invariant: sorted across all chunks, no key twice, no chunk empty. */
  #chunks: string[][] = [];

  /** Adds a key that is not in the set. */
  add(key: string): void {
    const { chunk, offset } = this.#seek((other) => compareUtf8(other, key) < 0);
    const last = this.#chunks.length - 1;
    if (last < 0) {
      this.#chunks.push([key]);
    } else if (chunk > last) {
      this.#insert(last, this.#chunks[last]!.length, key);
    } else {
      this.#insert(chunk, offset, key);
    }
  }

  /** Removes a key that is in the set. */
  delete(key: string): void {
    const { chunk, offset } = this.#seek((other) => compareUtf8(other, key) < 0);
    const keys = this.#chunks[chunk]!;
    keys.splice(offset, 1);
    const next = this.#chunks[chunk + 1];
    if (keys.length === 0) {
      this.#chunks.splice(chunk, 1);
    } else if (next !== undefined && keys.length + next.length < joinedKeysMax) {
      this.#chunks.splice(chunk, 2, keys.concat(next));
    }
  }

  clear(): void {
    this.#chunks = [];
  }

  /** The keys from `start` on, ascending; without `start` itself when `exclusive`. Ends early if the set is changed meanwhile. */
  *from(start: string, exclusive: boolean): Generator<string, void, undefined> {
    const position = this.#seek((key) => compareUtf8(key, start) < (exclusive ? 1 : 0));
    for (let chunk = position.chunk, offset = position.offset; chunk < this.#chunks.length; chunk++, offset = 0) {
      const keys = this.#chunks[chunk]!;
      for (; offset < keys.length; offset++) yield keys[offset]!;
    }
  }

  /** How many keys start with `prefix`. */
  countPrefix(prefix: string): number {
    const start = this.#seek((key) => compareUtf8(key, prefix) < 0);
    const end = this.#seek((key) => compareUtf8(key, prefix) < 0 || key.startsWith(prefix));
    let keys = end.offset - start.offset;
    for (let chunk = start.chunk; chunk < end.chunk; chunk++) keys += this.#chunks[chunk]!.length;
    return keys;
  }

  #insert(chunk: number, offset: number, key: string): void {
    const keys = this.#chunks[chunk]!;
    keys.splice(offset, 0, key);
    if (keys.length > chunkKeysMax) this.#chunks.splice(chunk + 1, 0, keys.splice(keys.length >>> 1));
  }

  /** The first key that is not before the place sought. */
  #seek(isBefore: (key: string) => boolean): Position {
    const chunk = firstIndex(this.#chunks.length, (index) => isBefore(this.#chunks[index]!.at(-1)!));
    const keys = this.#chunks[chunk] ?? [];
    return { chunk, offset: firstIndex(keys.length, (index) => isBefore(keys[index]!)) };
  }
}

/** The first index that is not before the place sought; `isBefore` holds for all lower ones and none above. */
function firstIndex(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
