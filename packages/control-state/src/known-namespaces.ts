import { type NamespaceRow, toNamespace } from "./namespace-row.js";
import type { StoredNamespace } from "./stored-namespace.js";

/** What says whether a namespace has changed: no two states of one have the same etag. */
export interface NamespaceHead {
  readonly name: string;
  readonly etag: string;
}

/** The namespaces as they were read last, so that of thousands only those are read that have changed since. */
export class KnownNamespaces {
  #byName: ReadonlyMap<string, StoredNamespace> = new Map();

  /** The names of those that must be read. */
  unknown(heads: readonly NamespaceHead[]): readonly string[] {
    return heads.filter(({ name, etag }) => this.#byName.get(name)?.etag !== etag).map(({ name }) => name);
  }

  /** All of `heads`, in their order. `read`: the rows of those that were unknown. */
  complete(heads: readonly NamespaceHead[], read: readonly NamespaceRow[]): readonly StoredNamespace[] {
    const changed = new Map(read.map((row) => [row.name, toNamespace(row)]));
    const namespaces = heads.map(({ name }) => changed.get(name) ?? this.#byName.get(name)!);
    this.#byName = new Map(namespaces.map((namespace) => [namespace.name, namespace]));
    return namespaces;
  }
}
