import { randomBytes } from "node:crypto";

/** Makes etags that no key ever had: the nonce tells this process from every other, the number its writes from each other. */
export class Etags {
  readonly #nonce = randomBytes(9).toString("base64url");
  #made = 0;

  next(): string {
    this.#made++;
    return `${this.#nonce}.${this.#made.toString(36)}`;
  }
}
