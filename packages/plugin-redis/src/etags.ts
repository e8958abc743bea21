import { randomBytes } from "node:crypto";

/** An etag's length, in bytes of ASCII: 12 of nonce, 10 of number. Fixed, so that scripts find it in a record by position. */
export const etagBytes = 22;

const nonceBytes = 9;
const numberDigits = 10;

/**
 * Makes etags that no key ever had, without asking the server: the nonce tells this process from every other (72 random
 * bits), the number its writes from each other.
 */
export class Etags {
  readonly #nonce = randomBytes(nonceBytes).toString("base64url");
  #made = 0;

  next(): string {
    this.#made++;
    return this.#nonce + this.#made.toString(36).padStart(numberDigits, "0");
  }
}
