import { createHash } from "node:crypto";
import { bells, encodedToken } from "./subjects.js";

/** The name of a stream is at most 255 characters, and the name of a folder. */
const tokenCharsMax = 150;

/** Whose data is named. */
export interface NamesOf {
  /** The prefix of the backend: a token. */
  readonly prefix: string;
  /** A word for the pattern: `stream`, `queue` … */
  readonly kind: string;
  readonly namespace: string;
}

/**
 * What is on JetStream for one namespace: streams `PREFIX~KIND~NAMESPACE~PART`, which take the subjects `PREFIX.$KIND.NAMESPACE.PART…`, and
 * tell of each message on `PREFIX.$bell.KIND.NAMESPACE.PART…`. No token of another subject of Prism begins with `$`.
 */
export class Names {
  readonly #stream: string;
  readonly #subject: string;
  readonly #bell: string;

  constructor({ prefix, kind, namespace }: NamesOf) {
    const token = shortToken(namespace);
    this.#stream = `${prefix}~${kind}~${token}`;
    this.#subject = `${prefix}.$${kind}.${token}`;
    this.#bell = `${bells(prefix, kind)}.${token}`;
  }

  /** All subjects. */
  get all(): string {
    return `${this.#subject}.>`;
  }

  stream(part: string | number): string {
    return `${this.#stream}~${part}`;
  }

  subject(...parts: readonly (string | number)[]): string {
    return [this.#subject, ...parts].join(".");
  }

  bell(...parts: readonly (string | number)[]): string {
    return [this.#bell, ...parts].join(".");
  }
}

/** A long name is cut, and told from others by its hash; `~` stands in no other token. */
function shortToken(name: string): string {
  const token = encodedToken(name);
  if (token.length <= tokenCharsMax) return token;
  const hash = createHash("sha256").update(name).digest("base64url");
  return `${token.slice(0, tokenCharsMax - hash.length - 1)}~${hash}`;
}
