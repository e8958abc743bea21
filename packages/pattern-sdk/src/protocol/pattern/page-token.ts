import assert from "node:assert/strict";
import { createHmac, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../../errors.js";

/** What a page token is good for. */
export interface PageTokenScope {
  readonly plugin: string;
  readonly namespace: string;
  /** Everything else of the request that must be the same on every page, in an order of the method's own. */
  readonly request: readonly (string | number | boolean)[];
  /** The fields that must be, for people, such as `namespace, selection and keys_only`. */
  readonly fields: string;
}

const formatVersion = 1;
/** 128 bits: nothing that is damaged or foreign passes by chance. */
const macBytes = 16;
const headBytes = 1 + macBytes;
/** The longest cursor of a store, in UTF-16 characters. */
const cursorCharsMax = 2_048;
/** A version, a mac and a cursor of up to 3 bytes per character, in base64. */
const tokenCharsMax = Math.ceil(((headBytes + cursorCharsMax * 3) * 4) / 3);

/**
 * Wraps a store's cursor so that it is taken back only for the request that it was given out for.
 *
 * The key of the mac is derived from the plugin's name, not from a secret: a token must outlive the plugin's process, a change
 * of its settings, and a switch to another proxy with the same backend, which share nothing else. It guards against mistakes
 * and damage. A caller that forges one gains nothing: all but the cursor comes from the request, not from the token, so the
 * store gets a strange cursor for data that this caller may read anyway.
 */
export function sealPageToken(cursor: string, scope: PageTokenScope): string {
  assert(cursor.length <= cursorCharsMax, `the store's cursor is ${cursor.length} characters long`);
  const text = Buffer.from(cursor);
  return Buffer.concat([Buffer.of(formatVersion), macOf(text, scope), text]).toString("base64url");
}

/** Takes the store's cursor out of a token. Throws `INVALID_PAGE_TOKEN` when it was given out for something else, or is damaged. */
export function openPageToken(token: string, scope: PageTokenScope): string {
  if (token.length > tokenCharsMax) throw invalidPageToken(scope);
  const bytes = Buffer.from(token, "base64url");
  // Decoding skips what is not base64: only a token that reads back the same is the one that was given out.
  if (bytes.length < headBytes || bytes[0] !== formatVersion || bytes.toString("base64url") !== token) {
    throw invalidPageToken(scope);
  }
  const cursor = bytes.subarray(headBytes);
  if (!timingSafeEqual(bytes.subarray(1, headBytes), macOf(cursor, scope))) throw invalidPageToken(scope);
  return cursor.toString();
}

function macOf(cursor: Buffer, { plugin, namespace, request }: PageTokenScope): Buffer {
  // JSON keeps the parts apart, whatever characters they hold.
  const scope = JSON.stringify([namespace, ...request, cursor.toString("base64")]);
  return createHmac("sha256", `prism page token ${formatVersion} ${plugin}`)
    .update(scope)
    .digest()
    .subarray(0, macBytes);
}

function invalidPageToken({ fields }: PageTokenScope): GatewayError {
  const description = `was not given out for this ${fields}, or is damaged`;
  return new GatewayError("INVALID_PAGE_TOKEN", `page_token: ${description}. Start again without a token.`, {
    fieldViolations: [{ field: "page_token", description }],
  });
}
