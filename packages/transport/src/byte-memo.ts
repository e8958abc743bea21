interface Entry<T> {
  readonly bytes: Buffer;
  readonly value: T;
}

/** Values by the bytes that they stand for, found without making a text of the bytes. Forgets everything when it is full. */
export class ByteMemo<T> {
  readonly #maxEntries: number;
  /** By hash. Of two with the same hash the later one stays. */
  readonly #entries = new Map<number, Entry<T>>();

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get(bytes: Buffer, start: number, end: number): T | undefined {
    const entry = this.#entries.get(hashOf(bytes, start, end));
    return entry !== undefined && areSame(entry.bytes, bytes, start, end) ? entry.value : undefined;
  }

  /** Copies the bytes. */
  set(bytes: Buffer, start: number, end: number, value: T): void {
    if (this.#entries.size >= this.#maxEntries) this.#entries.clear();
    this.#entries.set(hashOf(bytes, start, end), { bytes: Buffer.from(bytes.subarray(start, end)), value });
  }

  clear(): void {
    this.#entries.clear();
  }
}

/** FNV-1a, 32 bits: a few bytes take less time than a call into Node. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = 0x811c9dc5 | 0;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash;
}

function areSame(known: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}
