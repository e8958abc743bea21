import { inspect } from "node:util";

/** A value, wrapped so that no log line, error or dump shows it by accident: they show the veil. */
export class Veiled<Value> {
  readonly #value: Value;
  readonly #veil: string;

  constructor(value: Value, veil: string) {
    this.#value = value;
    this.#veil = veil;
  }

  reveal(): Value {
    return this.#value;
  }

  toJSON(): string {
    return this.#veil;
  }

  toString(): string {
    return this.#veil;
  }

  [inspect.custom](): string {
    return this.#veil;
  }
}
