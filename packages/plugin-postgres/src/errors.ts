import {
  busyRetryAfterMs,
  GatewayError,
  linkTranslationOf,
  linkTranslations,
  notConnectedError,
  type Reason,
  reconnectRetryAfterMs,
  type Translation,
} from "@prism-data/pattern-sdk";
import { DatabaseError } from "pg";

const link = linkTranslations("PostgreSQL");

/** The SQLSTATE that the plugin's own functions raise when their namespace was deleted. */
export const namespaceGoneState = "PR001";

/** The SQLSTATE that they raise when a process was away for so long that changes may have been thrown away which it has not seen. */
export const leaseEndedState = "PR002";

const busy: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice: "PostgreSQL runs but does not take this call now. Nothing was changed; try again.",
  retryAfterMs: busyRetryAfterMs,
};
const slow: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice: "The statement ran longer than statement_timeout and was stopped. Nothing was changed; try again.",
  retryAfterMs: busyRetryAfterMs,
};
const standby: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice:
    "The server takes no writes. Name the primary in url, or wait until the failover has ended. Nothing was changed.",
  retryAfterMs: busyRetryAfterMs,
};
const full: Translation = {
  reason: "CAPACITY_EXHAUSTED",
  advice: "Make room on the server. Nothing was changed.",
  retryAfterMs: busyRetryAfterMs,
};
const denied: Translation = {
  reason: "BACKEND_DENIED",
  advice:
    "Check the user in url, password, pg_hba.conf and the user's privileges; the plugin's README lists what it needs.",
};
const misplaced: Translation = {
  reason: "INVALID_SETTINGS",
  advice: "The server has no database of this name. Correct the name at the end of url, or make the database.",
};
const unmade: Translation = {
  reason: "BACKEND_FAILED",
  advice: "Somebody removed or changed the plugin's tables. A plan says which are missing, and what to do.",
};
const gone: Translation = {
  reason: "NAMESPACE_UNAVAILABLE",
  advice: "The namespace's data was deleted while the call was under way.",
  retryAfterMs: reconnectRetryAfterMs,
};
const behind: Translation = {
  reason: "WATCH_OVERFLOW",
  advice: "The plugin fell too far behind the changes of the namespace. Read the current state and watch again.",
};
const failing: Translation = {
  reason: "BACKEND_FAILED",
  advice: "See the cause in the plugin's log and the log of PostgreSQL. PostgreSQL 14 or newer is needed.",
};

/** By SQLSTATE; one that stands here itself comes before its class, the first two characters. Source: PostgreSQL's appendix A. */
const stateTranslations: Readonly<Record<string, Translation>> = {
  "08": link.lost,
  "25006": standby,
  "28": denied,
  "3D000": misplaced,
  "3F000": unmade,
  "40": busy,
  "42501": denied,
  "42883": unmade,
  "42P01": unmade,
  "53": busy,
  "53100": full,
  "53200": full,
  "55P03": slow,
  "57": link.lost,
  "57014": slow,
  "57P03": busy,
  [namespaceGoneState]: gone,
  [leaseEndedState]: behind,
};

/** What the driver says, without a code, when the server takes no TLS. */
const tlsRefused = "The server does not support SSL connections";

/** What the driver says when the server asks for a password and there is none. */
const passwordMissing = /^SASL: .*password/;

/** What the driver says when a statement has not been answered in its time. */
const readTimeout = "Query read timeout";

/** What the pool says when a call has waited for a connection in vain. */
const poolExhausted = "timeout exceeded when trying to connect";

/** Translates what a call to `address` met. A `GatewayError` is returned as it is. */
export function translateError(error: unknown, address: string): GatewayError {
  return error instanceof GatewayError ? error : translated(error, address, link.lost);
}

/** Translates what an attempt to connect to `address` met, or a connection without a call on it. */
export function translateLinkError(error: unknown, address: string): GatewayError {
  return error instanceof GatewayError ? error : translated(error, address, link.unreachable);
}

/** Whether the server has left a statement unanswered for too long. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === readTimeout;
}

/** Whether PostgreSQL itself answered with an error, and the connection goes on. */
export function isAnswer(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && error.severity !== "FATAL" && error.severity !== "PANIC";
}

/** Whether the server says that a table or function of the plugin's is not there. */
export function isUnmade(error: unknown): boolean {
  if (!(error instanceof GatewayError) || !(error.cause instanceof Error)) return false;
  return /\((3F000|42883|42P01)\)$/.test(error.cause.message);
}

/** Somebody has removed some of the plugin's tables and not all. */
export function tablesMissing({
  address,
  schema,
  missing,
}: {
  readonly address: string;
  readonly schema: string;
  readonly missing: readonly string[];
}): GatewayError {
  return new GatewayError(
    "BACKEND_FAILED",
    `PostgreSQL at ${address}: somebody removed tables of the schema ${schema}: ${missing.join(", ")}. Restore them from a backup; or run DROP SCHEMA ${schema} CASCADE, which removes all namespaces of the backend, and they are made again, empty.`,
  );
}

/** Whether an error says nothing about the one entry that it met: the same would have met every other. */
export function isOutage(error: GatewayError): boolean {
  const outages: readonly Reason[] = [
    "BACKEND_UNAVAILABLE",
    "BACKEND_DENIED",
    "NAMESPACE_UNAVAILABLE",
    "OVERLOADED",
    "DRAINING",
  ];
  return outages.includes(error.reason);
}

function translated(error: unknown, address: string, otherwise: Translation): GatewayError {
  const message = error instanceof Error ? error.message : String(error);
  if (message === poolExhausted) return connectionsBusy(address);
  if (isSilence(error)) return silent(address);
  const state = error instanceof DatabaseError && error.code !== undefined ? ` (${error.code})` : "";
  const { reason, advice, retryAfterMs } = translationOf(error, message, otherwise);
  return new GatewayError(reason, `PostgreSQL at ${address}: ${message}${state}. ${advice}`, {
    retryAfterMs,
    // Not the driver's error itself: its detail may hold keys and values.
    cause: new Error(`${message}${state}`),
  });
}

/** `otherwise`: what it means when the connection broke in a way that has no line of its own. */
function translationOf(error: unknown, message: string, otherwise: Translation): Translation {
  if (error instanceof DatabaseError) {
    const state = error.code ?? "";
    return stateTranslations[state] ?? stateTranslations[state.slice(0, 2)] ?? failing;
  }
  if (message === tlsRefused) return link.untrusted;
  if (passwordMissing.test(message)) return denied;
  return linkTranslationOf(error, link) ?? otherwise;
}

/** There is no connection now. `cause`: what the last attempt met. */
export function linkDown(address: string, cause: GatewayError | undefined): GatewayError {
  return notConnectedError(`PostgreSQL at ${address}`, cause);
}

/** The server does not write: it follows another one. */
export function isStandby(address: string): GatewayError {
  return new GatewayError("BACKEND_UNAVAILABLE", `PostgreSQL at ${address} is a standby. ${standby.advice}`, {
    retryAfterMs: busyRetryAfterMs,
  });
}

/** The server has not answered for too long. */
function silent(address: string): GatewayError {
  return new GatewayError("BACKEND_UNAVAILABLE", `PostgreSQL at ${address} does not answer. ${link.lost.advice}`, {
    retryAfterMs: reconnectRetryAfterMs,
  });
}

/** All connections are in use. */
export function connectionsBusy(address: string): GatewayError {
  return new GatewayError(
    "OVERLOADED",
    `PostgreSQL at ${address}: all connections of the plugin are in use. Nothing was changed; try again, or raise pool_size.`,
    { retryAfterMs: reconnectRetryAfterMs },
  );
}

/** More entries wait than may. */
export function entriesOverloaded(address: string): GatewayError {
  return new GatewayError(
    "OVERLOADED",
    `PostgreSQL at ${address}: too many calls wait for their turn. Nothing was changed; try again.`,
    { retryAfterMs: reconnectRetryAfterMs },
  );
}

/** A call's caller stopped waiting before its statement began. */
export function callAbandoned(why: "DEADLINE_EXCEEDED" | "CANCELLED"): GatewayError {
  return new GatewayError(why, "The caller stopped waiting before the statement began. Nothing was changed.");
}

/** The namespace was removed since it was bound. */
export function namespaceGone(): GatewayError {
  const { reason, advice, retryAfterMs } = gone;
  return new GatewayError(reason, advice, { retryAfterMs });
}

/** The tables are of a newer version of this plugin, which this one must not touch. */
export function newerSchema(schema: string, version: number): GatewayError {
  const description = `The schema ${schema} has version ${version} of the tables, made by a newer plugin. Name another schema, or use that version.`;
  return new GatewayError("INVALID_SETTINGS", `The settings of PostgreSQL are wrong. schema: ${description}`, {
    fieldViolations: [{ field: "schema", description }],
  });
}
