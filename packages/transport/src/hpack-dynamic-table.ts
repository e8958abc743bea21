import type { HeaderField } from "./header-field.js";

/** RFC 7541 section 4.1: what an entry costs beyond its bytes. */
export const entryOverheadBytes = 32;

function entryBytes({ name, value }: HeaderField): number {
  return name.length + value.length + entryOverheadBytes;
}

/** RFC 7541 section 2.3.2: the dynamic table, newest entry first, as a ring so that nothing moves. */
export class DynamicTable {
  #ring: (HeaderField | undefined)[] = new Array(16).fill(undefined);
  #newest = -1;
  #maxBytes: number;
  #sizeBytes = 0;
  length = 0;
  /** Counts changes, so that what was computed from the table can be known to be current. */
  generation = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  at(position: number): HeaderField {
    return this.#ring[(this.#newest - position) & (this.#ring.length - 1)]!;
  }

  /** RFC 7541 section 4.4: evicts what does not fit; false for an entry larger than the table, which empties it. */
  add(field: HeaderField): boolean {
    this.generation++;
    const bytes = entryBytes(field);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return false;
    if (this.length === this.#ring.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = field;
    this.length++;
    this.#sizeBytes += bytes;
    return true;
  }

  /** RFC 7541 section 4.3. */
  resize(maxBytes: number): void {
    this.generation++;
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(sizeBytes: number): void {
    while (this.length > 0 && this.#sizeBytes > sizeBytes) {
      this.length--;
      const oldest = (this.#newest - this.length) & (this.#ring.length - 1);
      this.#sizeBytes -= entryBytes(this.#ring[oldest]!);
      this.#ring[oldest] = undefined;
    }
  }

  #grow(): void {
    const oldestFirst = Array.from(this.#ring, (_, i) => this.at(this.length - 1 - i));
    this.#newest = oldestFirst.length - 1;
    this.#ring = [...oldestFirst, ...new Array<undefined>(oldestFirst.length).fill(undefined)];
  }
}
