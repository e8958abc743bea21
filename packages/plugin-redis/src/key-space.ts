/** A byte of a namespace's name that stands for itself in a name on the server. */
const plainByte = /[A-Za-z0-9._-]/;

/** What names on the server are built from. */
export interface KeySpaceOptions {
  /** What all names start with. Letters, digits, `.`, `_` and `-` only. */
  readonly prefix: string;
  /** The number of the database: change channels belong to the whole server, so their names carry it. */
  readonly database: number;
  readonly namespace: string;
}

/**
 * The names that one namespace has on the server:
 *
 *     PREFIX:{NAMESPACE}:v:KEY    a value
 *     PREFIX:{NAMESPACE}:t:KEY    the last idempotency token of a key, with the answer to it
 *     PREFIX:{NAMESPACE}:state    the state of the index; missing: there is none
 *     PREFIX:{NAMESPACE}:index    sorted set of all keys, score 0: in order of their bytes
 *     PREFIX:{NAMESPACE}:expiry   sorted set of the keys with a time to live, by the ms when they expire
 *     PREFIX:{NAMESPACE}:changes:DATABASE   the channel that changes are published on
 *
 * Invariant: no two namespaces and no key share a name. NAMESPACE is percent-encoded byte by byte, so it holds no brace and no
 * colon, and a key stands only at the end. The braces are a hash tag: all names of a namespace lie in one slot.
 */
export class KeySpace {
  /** What every name of the namespace starts with. */
  readonly base: string;
  /** What every value's name starts with. */
  readonly values: string;
  readonly state: string;
  readonly index: string;
  readonly expiry: string;
  readonly channel: string;

  constructor({ prefix, database, namespace }: KeySpaceOptions) {
    this.base = `${prefix}:{${encodeName(namespace)}}:`;
    this.values = `${this.base}v:`;
    this.state = `${this.base}state`;
    this.index = `${this.base}index`;
    this.expiry = `${this.base}expiry`;
    this.channel = `${this.base}changes:${database}`;
  }

  value(key: string): string {
    return this.values + key;
  }
}

/** A name with every byte but letters, digits, `.`, `_` and `-` written as `%XX`. */
export function encodeName(namespace: string): string {
  let encoded = "";
  for (const byte of Buffer.from(namespace)) {
    const character = String.fromCharCode(byte);
    encoded += plainByte.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** The bounds of a lexical range in the index, as ZRANGEBYLEX takes them. */
export interface LexRange {
  readonly min: Buffer | string;
  readonly max: Buffer | string;
}

/** All keys that start with `prefix`. */
export function prefixRange(prefix: string): LexRange {
  if (prefix === "") return { min: "-", max: "+" };
  const end = Buffer.from(`(${prefix}`);
  // The last byte of UTF-8 is never 0xFF, so the next prefix of this length is one step away.
  end[end.length - 1]! += 1;
  return { min: `[${prefix}`, max: end };
}

/** All keys from `start` to before `end`; `""` leaves a side open. */
export function keyRange(start: string, end: string): LexRange {
  return { min: start === "" ? "-" : `[${start}`, max: end === "" ? "+" : `(${end}` };
}
