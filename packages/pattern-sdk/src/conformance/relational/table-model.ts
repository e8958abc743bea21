/** A change of the table `t (k BIGINT PRIMARY KEY, n BIGINT)`. */
export type Change =
  | { readonly kind: "insert"; readonly keys: readonly bigint[]; readonly n: bigint }
  | { readonly kind: "upsert"; readonly key: bigint; readonly n: bigint }
  | { readonly kind: "add"; readonly from: bigint; readonly n: bigint }
  | { readonly kind: "delete"; readonly from: bigint; readonly to: bigint };

/** The statement that makes a change. */
export function statementOf(change: Change): readonly [sql: string, ...parameters: bigint[]] {
  switch (change.kind) {
    case "insert": {
      const rows = change.keys.map((_, index) => `(?${index + 2}, ?1)`);
      return [`INSERT INTO t (k, n) VALUES ${rows.join(", ")}`, change.n, ...change.keys];
    }
    case "upsert":
      return [
        "INSERT INTO t (k, n) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET n = t.n + excluded.n",
        change.key,
        change.n,
      ];
    case "add":
      return ["UPDATE t SET n = n + ?2 WHERE k >= ?1", change.from, change.n];
    case "delete":
      return ["DELETE FROM t WHERE k BETWEEN ?1 AND ?2", change.from, change.to];
  }
}

/** What the table holds, as a map. */
export class TableModel {
  readonly #rows: Map<bigint, bigint>;

  constructor(rows: Iterable<readonly [bigint, bigint]> = []) {
    this.#rows = new Map(rows);
  }

  /** Makes a change, and returns how many rows it changed. `undefined`: it must fail, and changes nothing. */
  apply(change: Change): number | undefined {
    switch (change.kind) {
      case "insert":
        return this.#insert(change.keys, change.n);
      case "upsert":
        this.#rows.set(change.key, (this.#rows.get(change.key) ?? 0n) + change.n);
        return 1;
      case "add":
        return this.#each(
          (key) => key >= change.from,
          (key, n) => this.#rows.set(key, n + change.n),
        );
      case "delete":
        return this.#each(
          (key) => key >= change.from && key <= change.to,
          (key) => this.#rows.delete(key),
        );
    }
  }

  /** The rows in the order of their keys. */
  rows(): [bigint, bigint][] {
    return [...this.#rows].sort(([one], [other]) => Number(one - other));
  }

  copy(): TableModel {
    return new TableModel(this.#rows);
  }

  #insert(keys: readonly bigint[], n: bigint): number | undefined {
    const isDouble = new Set(keys).size < keys.length || keys.some((key) => this.#rows.has(key));
    if (isDouble) return undefined;
    for (const key of keys) this.#rows.set(key, n);
    return keys.length;
  }

  #each(isMeant: (key: bigint) => boolean, change: (key: bigint, n: bigint) => void): number {
    const meant = [...this.#rows].filter(([key]) => isMeant(key));
    for (const [key, n] of meant) change(key, n);
    return meant.length;
  }
}
