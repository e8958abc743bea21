import { type Entry, type IdempotencyToken, idempotencyWindowMs, type KeptToken } from "@prism-data/pattern-sdk";
import { headers, type MsgHdrs } from "nats";
import type { StoredMessage } from "./jet-stream.js";

/** The headers of a key's message. The value is the message's body. */
const names = { etag: "Prism-Etag", expiry: "Prism-Expires", token: "Prism-Token", deleted: "Prism-Deleted" } as const;

const msPerSecond = 1_000;

/** What is known of a key: what it has, and the last idempotency token with its answer. */
export interface KeyRecord {
  /** `undefined`: the key is missing. */
  readonly entry: Entry | undefined;
  /** `undefined`: there is none within its window. */
  readonly token: DatedToken | undefined;
}

/** A token, and until when it counts, in ms since the Unix epoch. */
export interface DatedToken extends KeptToken {
  readonly untilMs: number;
}

export function datedToken(token: IdempotencyToken, etag: string, nowMs: number): DatedToken {
  return { ...token, etag, untilMs: nowMs + idempotencyWindowMs };
}

/** Reads a key's message as of now; `undefined`: there is none. */
export function keyRecordOf(message: StoredMessage | undefined, nowMs: number): KeyRecord {
  if (message === undefined) return { entry: undefined, token: undefined };
  return {
    entry: entryOf(message, nowMs),
    token: tokenThatCounts(tokenOf(message.headers.last(names.token)), nowMs),
  };
}

/** A token while its window lasts. */
export function tokenThatCounts(token: DatedToken | undefined, nowMs: number): DatedToken | undefined {
  return token !== undefined && token.untilMs > nowMs ? token : undefined;
}

/**
 * The headers of a key's message. JetStream removes the messages before it when it has stored it, in a way that a kill does not undo, and
 * this one when nothing of it counts any more.
 */
export function headersOfKey({ entry, token }: KeyRecord, nowMs: number): MsgHdrs {
  const written = headers();
  written.set("Nats-Rollup", "sub");
  if (entry === undefined) written.set(names.deleted, "1");
  else written.set(names.etag, entry.etag);
  if (entry?.expiresAtMs !== undefined) written.set(names.expiry, String(entry.expiresAtMs));
  if (token !== undefined) written.set(names.token, textOf(token));
  const overAtMs = entry === undefined ? nowMs : entry.expiresAtMs;
  if (overAtMs !== undefined) {
    const lifeMs = Math.max(overAtMs, token?.untilMs ?? 0) - nowMs;
    // JetStream counts whole seconds.
    written.set("Nats-TTL", `${Math.max(1, Math.ceil(lifeMs / msPerSecond))}s`);
  }
  return written;
}

function entryOf({ headers: read, payload }: StoredMessage, nowMs: number): Entry | undefined {
  if (read.has(names.deleted)) return undefined;
  const expiry = read.last(names.expiry);
  const expiresAtMs = expiry === "" ? undefined : Number(expiry);
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return undefined;
  return { value: payload, etag: read.last(names.etag), expiresAtMs };
}

function textOf({ timeMicros, nonce, etag, untilMs }: DatedToken): string {
  return [timeMicros, Buffer.from(nonce).toString("base64"), untilMs, etag].join(" ");
}

function tokenOf(text: string): DatedToken | undefined {
  if (text === "") return undefined;
  const [timeMicros = "0", nonce = "", untilMs = "0", etag = ""] = text.split(" ");
  return { timeMicros: BigInt(timeMicros), nonce: Buffer.from(nonce, "base64"), untilMs: Number(untilMs), etag };
}
