import { inspect } from "node:util";

const veil = "[secret]";

/** A password, wrapped so that no log line, error or dump shows it by accident. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toJSON(): string {
    return veil;
  }

  toString(): string {
    return veil;
  }

  [inspect.custom](): string {
    return veil;
  }
}
