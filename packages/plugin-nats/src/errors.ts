import { GatewayError, type Reason } from "@prism-data/pattern-sdk";
import { ErrorCode, NatsError } from "nats";

/** The driver tries to reconnect at least this often, so an earlier retry would meet the same state. */
const reconnectRetryAfterMs = 500;

interface Translation {
  readonly reason: Reason;
  readonly advice: string;
}

const lost: Translation = {
  reason: "BACKEND_UNAVAILABLE",
  advice: "The connection was lost before the answer came; messages may or may not have been published.",
};
const denied: Translation = {
  reason: "BACKEND_DENIED",
  advice: "Check username, password or token in the settings, and the user's permissions on the server.",
};
const tooLarge: Translation = {
  reason: "BACKEND_FAILED",
  advice: "Raise max_payload of the server to 1MB, its default, or more.",
};
const failing: Translation = { reason: "BACKEND_FAILED", advice: "See the cause in the log of NATS." };

const translations: Readonly<Record<string, Translation>> = {
  [ErrorCode.Disconnect]: lost,
  [ErrorCode.ConnectionClosed]: lost,
  [ErrorCode.ConnectionRefused]: lost,
  [ErrorCode.ConnectionTimeout]: lost,
  [ErrorCode.Timeout]: lost,
  [ErrorCode.AuthorizationViolation]: denied,
  [ErrorCode.AuthenticationExpired]: denied,
  [ErrorCode.PermissionsViolation]: denied,
  [ErrorCode.MaxPayloadExceeded]: tooLarge,
};

/** Translates what a call to `address` met. A `GatewayError` is returned as it is. */
export function translateError(error: unknown, address: string): GatewayError {
  if (error instanceof GatewayError) return error;
  const { reason, advice } = (error instanceof NatsError ? translations[error.code] : undefined) ?? failing;
  const message = error instanceof Error ? error.message : String(error);
  const retry = reason === "BACKEND_UNAVAILABLE" ? { retryAfterMs: reconnectRetryAfterMs } : {};
  return new GatewayError(reason, `NATS at ${address}: ${message}. ${advice}`, { ...retry, cause: new Error(message) });
}

/** There is no connection now. */
export function notConnected(address: string): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `There is no connection to NATS at ${address}; nothing was sent. The plugin reconnects by itself. Check that NATS runs and that url names it.`,
    { retryAfterMs: reconnectRetryAfterMs },
  );
}

/** The server did not answer in time. */
export function silent(address: string, timeoutMs: number): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `NATS at ${address} has not answered for ${timeoutMs} ms. ${lost.advice}`,
    { retryAfterMs: reconnectRetryAfterMs },
  );
}

/** The server takes smaller messages than the plugin declares. */
export function payloadTooSmall(address: string, maxPayloadBytes: number, neededBytes: number): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `NATS at ${address} takes messages of ${maxPayloadBytes} bytes; Prism needs ${neededBytes}. Raise max_payload of the server.`,
  );
}
