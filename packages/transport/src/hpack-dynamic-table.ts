/** RFC 7541 section 4.1: what an entry costs beyond its bytes. */
export const entryOverheadBytes = 32;

/** RFC 7541 section 2.3.2: the dynamic table, newest entry first, as a ring so that nothing moves. */
export class DynamicTable {
  #names: string[] = new Array(64).fill("");
  #values: string[] = new Array(64).fill("");
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

  nameAt(position: number): string {
    return this.#names[(this.#newest - position) & (this.#names.length - 1)]!;
  }

  valueAt(position: number): string {
    return this.#values[(this.#newest - position) & (this.#values.length - 1)]!;
  }

  /** RFC 7541 section 4.4: evicts what does not fit; an entry larger than the table empties it. */
  add(name: string, value: string): boolean {
    this.generation++;
    const entryBytes = name.length + value.length + entryOverheadBytes;
    this.#evictTo(this.#maxBytes - entryBytes);
    if (entryBytes > this.#maxBytes) return false;
    if (this.length === this.#names.length) this.#grow();
    this.#newest = (this.#newest + 1) & (this.#names.length - 1);
    this.#names[this.#newest] = name;
    this.#values[this.#newest] = value;
    this.length++;
    this.#sizeBytes += entryBytes;
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
      const oldest = this.length - 1;
      this.#sizeBytes -= this.nameAt(oldest).length + this.valueAt(oldest).length + entryOverheadBytes;
      this.length--;
    }
  }

  #grow(): void {
    const names = Array.from(this.#names, (_, i) => this.nameAt(this.length - 1 - i));
    const values = Array.from(this.#values, (_, i) => this.valueAt(this.length - 1 - i));
    const room = new Array<string>(names.length).fill("");
    this.#newest = names.length - 1;
    this.#names = [...names, ...room];
    this.#values = [...values, ...room];
  }
}
