import type { ByteBudget } from "./byte-budget.js";

/** What the namespaces of one pattern share, each with a count of its own of what it holds. */
export class NamespaceShares<Shared extends { readonly budget: ByteBudget }> {
  readonly #shared: Shared;
  readonly #byName = new Map<string, Shared>();

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  of(namespace: string): Shared {
    const known = this.#byName.get(namespace);
    if (known !== undefined) return known;
    const share = { ...this.#shared, budget: this.#shared.budget.share() };
    this.#byName.set(namespace, share);
    return share;
  }

  /** A namespace holds nothing any more. */
  forget(namespace: string): void {
    this.#byName.delete(namespace);
  }
}
