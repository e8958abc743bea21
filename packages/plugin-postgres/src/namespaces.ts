import { GatewayError } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { inSlices } from "./in-slices.js";
import type { Statement } from "./statement.js";

/** A byte of a name that stands for itself. */
const plainByte = /[A-Za-z0-9._-]/;

const find: Statement = {
  name: "namespace_find",
  text: "SELECT id FROM namespace WHERE pattern = $1 AND name = $2",
};
const make: Statement = {
  name: "namespace_make",
  text: "INSERT INTO namespace (pattern, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};
const forget: Statement = {
  name: "namespace_forget",
  text: "UPDATE namespace SET name = NULL WHERE pattern = $1 AND name = $2 RETURNING id",
};
const forgotten: Statement = {
  name: "namespace_forgotten",
  text: "SELECT id FROM namespace WHERE pattern = $1 AND name IS NULL",
};
const remove: Statement = { name: "namespace_remove", text: "DELETE FROM namespace WHERE id = $1 AND name IS NULL" };

export interface NamespacesOptions {
  readonly pattern: string;
  /** Removes so many rows of a forgotten namespace, and says how many it found. */
  readonly removeRows: Statement;
  /** Removes what a forgotten namespace has beside rows. Default: it has nothing. */
  readonly removeOthers?: (id: number) => Promise<void>;
}

/**
 * The namespaces of one pattern, by id. A name that is removed and made again gets another id, and with it nothing of the old data.
 */
export class Namespaces {
  readonly #connection: Connection;
  readonly #pattern: string;
  readonly #removeRows: Statement;
  readonly #removeOthers: (id: number) => Promise<void>;

  constructor(connection: Connection, { pattern, removeRows, removeOthers = async () => {} }: NamespacesOptions) {
    this.#connection = connection;
    this.#pattern = pattern;
    this.#removeRows = removeRows;
    this.#removeOthers = removeOthers;
  }

  async idOf(name: string): Promise<number | undefined> {
    const rows = await this.#connection.run<{ id: number }>(find, [this.#pattern, encodeName(name)]);
    return rows[0]?.id;
  }

  /** Makes a namespace unless it is there. */
  async make(name: string): Promise<{ readonly id: number; readonly made: boolean }> {
    const found = await this.idOf(name);
    if (found !== undefined) return { id: found, made: false };
    await this.#connection.run(make, [this.#pattern, encodeName(name)]);
    const id = await this.idOf(name);
    if (id !== undefined) return { id, made: true };
    throw new GatewayError("NAMESPACE_UNAVAILABLE", "The namespace was removed while it was made. Try again.");
  }

  /** Removes a namespace with all of its rows; returns how many, or `undefined` when there is none. */
  async delete(name: string): Promise<number | undefined> {
    // From here on nobody finds it; its rows may go in slices.
    const [row] = await this.#connection.run<{ id: number }>(forget, [this.#pattern, encodeName(name)]);
    return row && this.#remove(row.id);
  }

  /** Removes what is left of namespaces that somebody has begun to remove. */
  async removeForgotten(): Promise<void> {
    const rows = await this.#connection.run<{ id: number }>(forgotten, [this.#pattern]);
    for (const { id } of rows) await this.#remove(id);
  }

  async #remove(id: number): Promise<number> {
    await this.#removeOthers(id);
    const removed = await inSlices(this.#connection, this.#removeRows, [id]);
    await this.#connection.run(remove, [id]);
    return removed;
  }
}

/** Percent-encodes a name byte by byte, so that look-alikes never meet and people still read it. */
export function encodeName(name: string): string {
  let encoded = "";
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    encoded += plainByte.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
