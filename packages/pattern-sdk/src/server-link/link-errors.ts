import { GatewayError } from "../errors.js";
import type { Reason } from "../reasons.js";

/** When a call is worth another try that met a broken connection, in ms: a plugin tries to reconnect at least this often. */
export const reconnectRetryAfterMs = 500;

/** When a call is worth another try that met a server which is busy, loading or failing over, in ms: asking more often does not help. */
export const busyRetryAfterMs = 1_000;

/** What a failure of a data system means for a call, and what to do about it, as one or two sentences. */
export interface Translation {
  readonly reason: Reason;
  readonly advice: string;
  readonly retryAfterMs?: number;
}

/** What a connection that broke, or was not made, means. */
export interface LinkTranslations {
  /** No connection can be made. */
  readonly unreachable: Translation;
  /** It broke while a call was under way. */
  readonly lost: Translation;
  /** One of both sides does not trust the other. */
  readonly untrusted: Translation;
}

/** By the `code` of an error of the socket, of name resolution or of TLS. */
const socketTranslations: Readonly<Record<string, keyof LinkTranslations>> = {
  ECONNREFUSED: "unreachable",
  ETIMEDOUT: "unreachable",
  ENOTFOUND: "unreachable",
  EAI_AGAIN: "unreachable",
  EHOSTUNREACH: "unreachable",
  ENETUNREACH: "unreachable",
  EPROTO: "untrusted",
};

/** Codes of a certificate that does not verify. Source: OpenSSL's X509_V_ERR names as Node passes them on. */
const certificateCode = /^(?:ERR_(?:TLS|SSL)_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH)/;

/** What broken connections to a data system mean, for a plugin that reconnects by itself; `system`: its name for people. Pure. */
export function linkTranslations(system: string): LinkTranslations {
  return {
    unreachable: {
      reason: "BACKEND_UNAVAILABLE",
      advice: `The plugin reconnects by itself. Check that ${system} runs and that url names it.`,
      retryAfterMs: reconnectRetryAfterMs,
    },
    lost: {
      reason: "BACKEND_UNAVAILABLE",
      advice: "The connection was lost before the answer came; a write may or may not have been applied.",
      retryAfterMs: reconnectRetryAfterMs,
    },
    untrusted: {
      reason: "BACKEND_UNAVAILABLE",
      advice:
        "The TLS handshake failed. Check tls.ca_file, tls.cert_file, tls.key_file and tls.server_name in the settings.",
      retryAfterMs: busyRetryAfterMs,
    },
  };
}

/** The one for an error of the socket, of name resolution or of TLS, by its code. `undefined`: it is none of these. Pure. */
export function linkTranslationOf(error: unknown, translations: LinkTranslations): Translation | undefined {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === undefined) return undefined;
  const name = socketTranslations[code] ?? (certificateCode.test(code) ? "untrusted" : undefined);
  return name && translations[name];
}

/** Whether an error says that the data system is away (`BACKEND_UNAVAILABLE`): trying again later may help. Pure. */
export function isBackendAway(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === "BACKEND_UNAVAILABLE";
}

/**
 * There is no connection now: nothing was sent. `server`: what and where, such as "Redis at 127.0.0.1:6379". `cause`: what the last
 * attempt met; returned as it is when trying again does not help. Never throws.
 */
export function notConnectedError(server: string, cause: GatewayError | undefined): GatewayError {
  if (cause !== undefined && cause.reason !== "BACKEND_UNAVAILABLE") return cause;
  const why = cause === undefined ? "" : ` ${cause.message}`;
  return new GatewayError("BACKEND_UNAVAILABLE", `There is no connection to ${server}; nothing was sent.${why}`, {
    retryAfterMs: cause?.retryAfterMs ?? reconnectRetryAfterMs,
    cause,
  });
}
