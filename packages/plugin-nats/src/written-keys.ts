import type { DatedToken } from "./key-record.js";

/** Of how many keys it is kept what was written: a few hundred bytes each, and the key. */
const keysMax = 4_096;

/** What a process has written to a key. */
export interface WrittenKey {
  readonly sequence: number;
  readonly token: DatedToken | undefined;
}

/** What a process has written last to the keys that it wrote last. Whether that still is the key's last message, only JetStream knows. */
export class WrittenKeys {
  /** In the order in which they were written. */
  readonly #written = new Map<string, WrittenKey>();

  get(key: string): WrittenKey | undefined {
    return this.#written.get(key);
  }

  add(key: string, written: WrittenKey): void {
    this.#written.delete(key);
    this.#written.set(key, written);
    if (this.#written.size <= keysMax) return;
    for (const [oldest] of this.#written) return void this.#written.delete(oldest);
  }
}
