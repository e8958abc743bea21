import {
  busyRetryAfterMs,
  GatewayError,
  linkTranslationOf,
  linkTranslations,
  notConnectedError,
  reconnectRetryAfterMs,
  type Translation,
} from "@prism-data/pattern-sdk";

const link = linkTranslations("Redis");
const busy: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice: "Redis runs but does not take this call now. Nothing was changed; try again.",
  retryAfterMs: busyRetryAfterMs,
};
const replica: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice: "Name the primary in url, or wait until the failover has ended. Nothing was changed.",
  retryAfterMs: busyRetryAfterMs,
};
const full: Translation = {
  reason: "CAPACITY_EXHAUSTED",
  advice: "Delete keys, give them a time to live, or raise maxmemory. Nothing was changed.",
  retryAfterMs: busyRetryAfterMs,
};
const denied: Translation = {
  reason: "BACKEND_DENIED",
  advice:
    "Check username and password in the settings and the user's ACL rules; the plugin's README lists what it needs.",
};
const clustered: Translation = {
  reason: "BACKEND_FAILED",
  advice: "This plugin speaks to a standalone Redis, not to a cluster. Name another server in url.",
};
const foreign: Translation = {
  reason: "BACKEND_FAILED",
  advice: "Something other than Prism wrote under this name. Remove it, or choose another key_prefix.",
};
const misplaced: Translation = {
  reason: "INVALID_SETTINGS",
  advice: "The server has no database of this number. Correct the number at the end of url.",
};
const failing: Translation = {
  reason: "BACKEND_FAILED",
  advice: "See the cause in the plugin's log and the log of Redis. Redis 7.0 or newer is needed.",
};

/** By the first word of an error reply. Source: redis 7.0, server.c (createSharedObjects) and script.c. */
const replyTranslations: Readonly<Record<string, Translation>> = {
  LOADING: busy,
  BUSY: busy,
  UNKILLABLE: busy,
  TRYAGAIN: busy,
  NOREPLICAS: busy,
  MISCONF: busy,
  READONLY: replica,
  MASTERDOWN: replica,
  OOM: full,
  NOAUTH: denied,
  WRONGPASS: denied,
  NOPERM: denied,
  DENIED: denied,
  MOVED: clustered,
  ASK: clustered,
  CROSSSLOT: clustered,
  CLUSTERDOWN: clustered,
  WRONGTYPE: foreign,
};

/** The first word of an error reply. */
const replyCode = /^([A-Z]+) /;

/** What Redis repeats of a command that it does not know; it may hold keys and values. */
const repeatedArguments = /,? with args beginning with.*$/s;

/** What the driver throws for calls in flight when the connection ends; its message speaks of the driver's options. */
const givenUp = "MaxRetriesPerRequestError";

/** The reply of a connection when too many are open comes before any command, as a plain ERR. */
const tooManyConnections = "ERR max number of clients";

/** The reply to SELECT with a number beyond the server's, a plain ERR too. */
const databaseMissing = "ERR DB index is out of range";

/** Translates what a call to `endpoint` met. A `GatewayError` is returned as it is. */
export function translateError(error: unknown, endpoint: string): GatewayError {
  return error instanceof GatewayError ? error : translated(error, endpoint, link.lost);
}

/** Translates what an attempt to connect to `endpoint` met, or a connection without a call on it. */
export function translateLinkError(error: unknown, endpoint: string): GatewayError {
  return translated(error, endpoint, link.unreachable);
}

/** A watch cannot go on without missing changes. */
export function watchEnded(error: unknown, endpoint: string): GatewayError {
  const cause = error instanceof GatewayError ? error : translateLinkError(error, endpoint);
  if (cause.reason !== "BACKEND_UNAVAILABLE") return cause;
  const message = `The watch lost its connection and may have missed changes. Read the current state and watch again. ${cause.message}`;
  return new GatewayError("BACKEND_UNAVAILABLE", message, { retryAfterMs: cause.retryAfterMs, cause });
}

function translated(error: unknown, endpoint: string, otherwise: Translation): GatewayError {
  const message = messageOf(error);
  const { reason, advice, retryAfterMs } = translationOf(error, message, otherwise);
  return new GatewayError(reason, `Redis at ${endpoint}: ${message}. ${advice}`, {
    retryAfterMs,
    // Not the driver's error itself: that carries the command with its arguments, values and passwords included.
    cause: new Error(message),
  });
}

/** Whether a reply says that the server does not have a script, and so has not run it. */
export function isScriptMissing(error: unknown): boolean {
  return error instanceof Error && isReply(error) && error.message.startsWith("NOSCRIPT ");
}

/** There is no connection now. `cause`: what the last attempt met. */
export function linkDown(endpoint: string, cause: GatewayError | undefined): GatewayError {
  return notConnectedError(`Redis at ${endpoint}`, cause);
}

/** The server tells no time yet, so no expiry can be set. */
export function clockUnknown(endpoint: string): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `Redis at ${endpoint} has not told its time yet; nothing was sent. Try again.`,
    {
      retryAfterMs: reconnectRetryAfterMs,
    },
  );
}

/** The server does not know this process, which is about to connect again. */
export function notListening(): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    "Redis has lost a connection of this plugin. Nothing was changed; try again.",
    {
      retryAfterMs: reconnectRetryAfterMs,
    },
  );
}

/** The index is being built from existing data, or was lost and is built again. */
export function indexNotReady(): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    "The namespace's index is being built from existing data. Nothing was changed; try again.",
    { retryAfterMs: busyRetryAfterMs },
  );
}

/** The server drops names by itself: any, or those with a time to live. */
export function evictionForbidden(endpoint: string, policy: string, kept: "any" | "expiring"): GatewayError {
  const [consequence, advice] =
    kept === "expiring"
      ? [
          "scan, count and watch cannot be exact",
          "Set maxmemory-policy noeviction, or write needs for the namespace without scan, ordered_scan, count and watch.",
        ]
      : ["accepted messages would be lost", "Set maxmemory-policy noeviction, or one that begins with volatile-."];
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `Redis at ${endpoint} drops keys when its memory is full (maxmemory-policy ${policy}), so ${consequence}. ${advice}`,
  );
}

/** The caller stopped waiting between two steps of a call. */
export function callAbandoned(): GatewayError {
  return new GatewayError("CANCELLED", "The caller stopped waiting, or its deadline has passed.");
}

/** A string in Redis is no record of this plugin. */
export function foreignRecord(): GatewayError {
  return new GatewayError(
    "BACKEND_FAILED",
    `A stored value does not have the layout that this plugin writes. ${foreign.advice}`,
  );
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === givenUp) return "the connection was closed";
  return error.message.replace(repeatedArguments, "");
}

/** `otherwise`: what it means when the connection broke in a way that has no line of its own. */
function translationOf(error: unknown, message: string, otherwise: Translation): Translation {
  if (!(error instanceof Error)) return failing;
  if (isReply(error)) {
    if (message.startsWith(tooManyConnections)) return busy;
    if (message.startsWith(databaseMissing)) return misplaced;
    return replyTranslations[replyCode.exec(message)?.[1] ?? ""] ?? failing;
  }
  return linkTranslationOf(error, link) ?? otherwise;
}

/** Whether Redis itself answered with an error. */
export function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}
