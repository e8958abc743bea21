import { randomBytes } from "node:crypto";

const nonceBytes = 9;
const nonceCharacters = 12;

/** 36^10 writes: more than a process makes in a thousand years at 100,000 per second. */
const numberDigits = 10;

/** The length of every etag of an `EtagSource`, in bytes of ASCII. Fixed, so that a store may find one by position. */
export const etagSourceBytes = nonceCharacters + numberDigits;

/**
 * Makes etags that no key ever had, without asking the data system: a nonce of 72 random bits tells this source from every
 * other, in any process, and a number tells its etags from each other.
 *
 * Make one per backend. Etags are `etagSourceBytes` characters of `A-Z a-z 0-9 _ -`.
 */
export class EtagSource {
  readonly #nonce = randomBytes(nonceBytes).toString("base64url");
  #made = 0;

  /** An etag that this source has not made before. Never throws. */
  next(): string {
    this.#made++;
    return this.#nonce + this.#made.toString(36).padStart(numberDigits, "0");
  }
}
