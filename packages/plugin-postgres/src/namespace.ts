import { GatewayError } from "@prism-data/pattern-sdk";
import type { Namespaces } from "./namespaces.js";

/** Something whose rows have a number. */
export interface Numbered {
  /** Runs `work` with the number. */
  use<T>(work: (id: number) => Promise<T>): Promise<T>;
}

/** One bound namespace. Its row is made as soon as the server can be reached: it may be away when the namespace is bound. */
export class Namespace implements Numbered {
  readonly name: string;
  readonly #namespaces: Namespaces;
  readonly #prepare: (id: number) => Promise<void>;
  #id: number | undefined;
  #making: Promise<number> | undefined;

  /** `prepare`: makes what the namespace needs beside its row, unless it is there. */
  constructor(namespaces: Namespaces, name: string, prepare: (id: number) => Promise<void> = async () => {}) {
    this.name = name;
    this.#namespaces = namespaces;
    this.#prepare = prepare;
  }

  /** The number, once it is known. */
  get id(): number | undefined {
    return this.#id;
  }

  /** Makes the row and what it needs; says whether it was missing. */
  async make(): Promise<boolean> {
    const { id, made } = await this.#namespaces.make(this.name);
    await this.#prepare(id);
    this.#id = id;
    return made;
  }

  /** Runs `work` with the namespace's id. When somebody has deleted the namespace's data meanwhile, the next call makes it anew. */
  async use<T>(work: (id: number) => Promise<T>): Promise<T> {
    const id = this.#id ?? (await this.#make());
    try {
      return await work(id);
    } catch (error) {
      if (error instanceof GatewayError && error.reason === "NAMESPACE_UNAVAILABLE") this.#id = undefined;
      throw error;
    }
  }

  /** Calls that find no id share the making of one. */
  #make(): Promise<number> {
    this.#making ??= this.make()
      .then(() => this.#id!)
      .finally(() => {
        this.#making = undefined;
      });
    return this.#making;
  }
}

/** Those of what is bound whose numbers are known, with these: what is to be done for all of them is one statement. */
export function numbered<T>(bound: ReadonlyMap<Namespace, T>): { readonly id: number; readonly of: T }[] {
  return [...bound].flatMap(([{ id }, of]) => (id === undefined ? [] : [{ id, of }]));
}
