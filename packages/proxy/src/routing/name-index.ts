/** Finds what has a name by the ASCII bytes of the name, without making a text of them. Of two whose hashes are equal it knows one. */
export class NameIndex<T extends { readonly name: string }> {
  readonly #byHash = new Map<number, T>();

  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    let hash = hashStart;
    for (let at = start; at < end; at += 1) hash = hashOn(hash, bytes[at]!);
    const named = this.#byHash.get(hash);
    return named !== undefined && isName(named.name, bytes, start, end) ? named : undefined;
  }

  /** One whose name is not ASCII is never found. */
  add(named: T): void {
    const { name } = named;
    let hash = hashStart;
    for (let at = 0; at < name.length; at += 1) hash = hashOn(hash, name.charCodeAt(at));
    this.#byHash.set(hash, named);
  }
}

/** FNV-1a, 32 bits: a few bytes take less time than a call into Node. */
const hashStart = 0x811c9dc5 | 0;

function hashOn(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

function isName(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  // A byte above ASCII is no unit of a text in UTF-8, whatever it is one of.
  for (let at = 0; at < name.length; at += 1) {
    const byte = bytes[start + at]!;
    if (byte > 0x7f || name.charCodeAt(at) !== byte) return false;
  }
  return true;
}
