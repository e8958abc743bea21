import { knownType } from "./sql-types.js";

/** Names that are remembered: apps make types now and then, and some with each deployment. */
const namesMax = 10_000;

/** Reads the names of types, by oid. */
export type FindTypeNames = (oids: readonly number[]) => Promise<ReadonlyMap<number, string>>;

/** The names of column types in one namespace: PostgreSQL's own are known, those that apps make are asked for once. */
export class TypeNames {
  readonly #find: FindTypeNames;
  readonly #names = new Map<number, string>();

  constructor(find: FindTypeNames) {
    this.#find = find;
  }

  /** By oid. A type that was made in a transaction that is still open has no name yet. */
  async of(oids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const unknown = oids.filter((oid) => knownType(oid) === undefined && !this.#names.has(oid));
    if (unknown.length > 0) this.#remember(await this.#find(unknown));
    return new Map(oids.map((oid) => [oid, knownType(oid)?.name ?? this.#names.get(oid) ?? ""]));
  }

  #remember(names: ReadonlyMap<number, string>): void {
    if (this.#names.size + names.size > namesMax) this.#names.clear();
    for (const [oid, name] of names) this.#names.set(oid, name);
  }
}
