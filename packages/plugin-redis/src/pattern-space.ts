import { encodeName } from "./key-space.js";

/** What names on the server are built from. */
export interface PatternSpaceOptions {
  /** What all names start with. Letters, digits, `.`, `_` and `-` only. */
  readonly prefix: string;
  readonly pattern: "queue" | "stream" | "pubsub";
  /** The number of the database: channels belong to the whole server, so their names carry it. */
  readonly database: number;
  readonly namespace: string;
}

/**
 * The names that a namespace of a messaging pattern has on the server: `PREFIX:PATTERN:{NAMESPACE}:` and what for. The pattern's
 * scripts say what there is.
 *
 * Invariant: no two namespaces share a name, and none shares one with key-value: a prefix holds no colon. The braces are a hash tag: all
 * names of a namespace lie in one slot.
 */
export class PatternSpace {
  /** What every name of the namespace starts with. */
  readonly base: string;
  /** The channel on which is told that something has come. */
  readonly channel: string;

  constructor({ prefix, pattern, database, namespace }: PatternSpaceOptions) {
    this.base = `${prefix}:${pattern}:{${encodeName(namespace)}}:`;
    this.channel = `${this.base}news:${database}`;
  }
}
