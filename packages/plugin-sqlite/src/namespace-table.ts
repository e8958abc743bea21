import type { Database, Statement } from "better-sqlite3";

/** The namespaces of a file, by id. A name that is removed and made again gets another id, and with it nothing of the old data. */
export class NamespaceTable {
  readonly #find: Statement<[Buffer], number>;
  readonly #make: Statement<[Buffer]>;
  readonly #forgetName: Statement<[number]>;
  readonly #storedBytes: Statement<[number], number>;
  readonly #removed: Statement<[], number>;
  readonly #remove: Statement<[number]>;

  constructor(db: Database) {
    this.#find = db.prepare<[Buffer], number>("SELECT id FROM namespace WHERE name = ?").pluck();
    this.#make = db.prepare("INSERT INTO namespace (name) VALUES (?) ON CONFLICT DO NOTHING");
    this.#forgetName = db.prepare("UPDATE namespace SET name = NULL WHERE id = ?");
    this.#storedBytes = db
      .prepare<[number], number>(
        `SELECT stored_bytes + (SELECT ifnull(sum(size_bytes), 0) FROM stream_partition WHERE namespace_id = namespace.id)
         FROM namespace WHERE id = ?`,
      )
      .pluck();
    this.#removed = db.prepare<[], number>("SELECT id FROM namespace WHERE name IS NULL LIMIT 1").pluck();
    this.#remove = db.prepare("DELETE FROM namespace WHERE id = ?");
  }

  idOf(name: string): number | undefined {
    return this.#find.get(Buffer.from(name));
  }

  /** Makes a namespace unless another process just did. Runs inside a transaction. */
  make(name: string): number {
    this.#make.run(Buffer.from(name));
    return this.idOf(name)!;
  }

  /** From here on nobody finds the namespace; its rows may go in slices. */
  forgetName(id: number): void {
    this.#forgetName.run(id);
  }

  /** What the rows of a namespace take, whatever it holds; what was forgotten holds nothing. */
  storedBytes(id: number): number {
    return this.#storedBytes.get(id) ?? 0;
  }

  /** One of the namespaces whose rows have to go. */
  removed(): number | undefined {
    return this.#removed.get();
  }

  remove(id: number): void {
    this.#remove.run(id);
  }
}
