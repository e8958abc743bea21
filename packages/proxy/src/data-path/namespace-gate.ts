/**
 * Which namespaces of a plugin process take calls. Until all are bound, those that calls wait for are asked for, each once, so that they
 * are bound first.
 */
export class NamespaceGate {
  readonly #ask: (namespace: string) => void;
  readonly #asked = new Set<string>();
  readonly #admitted = new Set<string>();
  #admitsAll = false;

  constructor(ask: (namespace: string) => void) {
    this.#ask = ask;
  }

  /** `undefined`: calls of no namespace. */
  admits(namespace: string | undefined): boolean {
    if (this.#admitsAll || namespace === undefined || this.#admitted.has(namespace)) return true;
    if (this.#asked.has(namespace)) return false;
    this.#asked.add(namespace);
    this.#ask(namespace);
    return false;
  }

  /** `undefined`: calls of all namespaces. */
  admit(namespace: string | undefined): void {
    if (namespace === undefined) this.#admitsAll = true;
    else this.#admitted.add(namespace);
  }
}
