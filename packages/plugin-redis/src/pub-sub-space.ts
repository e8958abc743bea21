import { randomUUID } from "node:crypto";
import { encodeName } from "./key-space.js";

/** The names that a namespace of pub-sub has on the server; pub-sub-scripts.ts says what they hold. */
export class PubSubSpace {
  readonly base: string;
  readonly database: number;
  /** What the names of the log of everything start with. */
  readonly liveBase: string;
  /** On which is told that it has something. */
  readonly liveChannel: string;

  constructor(base: string, database: number) {
    this.base = base;
    this.database = database;
    this.liveBase = `${base}live:`;
    this.liveChannel = `${this.liveBase}news:${database}`;
  }

  /** What the names of a group's queue start with. */
  groupBase(key: string): string {
    return `${this.base}group:${key}:`;
  }

  /** On which is told that a group has something. */
  groupChannel(key: string): string {
    return `${this.groupBase(key)}news:${this.database}`;
  }

  /** A channel that nobody else listens on. */
  newAliveChannel(): string {
    return `${this.base}alive:${randomUUID()}:${this.database}`;
  }
}

/** Names a group in its namespace. No two share a key: an encoded name holds no slash and no tilde. */
export function groupKey(name: string | undefined, topic: string): string {
  return name === undefined ? `~${randomUUID()}` : `${encodeName(name)}/${encodeName(topic)}`;
}
