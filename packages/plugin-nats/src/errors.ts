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
const noJetStream: Translation = {
  reason: "NAMESPACE_UNAVAILABLE",
  advice:
    "Nothing answers there: switch JetStream on in the server's configuration, and see that the stream was not removed.",
};
const full: Translation = {
  reason: "CAPACITY_EXHAUSTED",
  advice: "Raise the limits of JetStream's storage on the server or of the account, or keep less.",
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
  [ErrorCode.NoResponders]: noJetStream,
};

/** What JetStream answers instead of doing what it was asked. */
export interface JetStreamProblem {
  readonly code: number;
  /** JetStream's own number of the problem. */
  readonly err_code: number;
  readonly description: string;
}

export class JetStreamError extends Error {
  readonly errorCode: number;

  constructor({ code, err_code, description }: JetStreamProblem) {
    super(`${description} (JetStream ${err_code || code})`);
    this.errorCode = err_code;
  }
}

/** JetStream, or a stream of it, does not answer for now. */
export const temporarilyAway = 10_008;
export const streamNotFound = [10_059];
export const consumerNotFound = [10_014];
export const messageNotFound = [10_037];
const sequenceNotFound = [10_043];
const removeFailed = 10_057;
/** A publish that expected another last message than there is. */
export const wrongLastSequence = [10_071, 10_164];

const jetStreamTranslations: Readonly<Record<number, Translation>> = {
  10023: full,
  10028: full,
  10047: full,
  10077: full,
  10039: noJetStream,
  10076: noJetStream,
  [temporarilyAway]: lost,
};

/** Whether JetStream has answered one of these. */
export function isAnswer(error: unknown, errorCodes: readonly number[]): boolean {
  const cause = error instanceof GatewayError ? error.cause : error;
  return cause instanceof JetStreamError && errorCodes.includes(cause.errorCode);
}

/** Turns the answers with these codes into `undefined`: `.catch(undefinedIf(streamNotFound))`. */
export function undefinedIf(errorCodes: readonly number[]): (error: unknown) => undefined {
  return (error) => {
    if (!isAnswer(error, errorCodes)) throw error;
    return undefined;
  };
}

/** Whether a message could not be removed only because it is not there any more. */
export function isRemovedAlready(error: unknown): boolean {
  if (isAnswer(error, sequenceNotFound)) return true;
  // One code for whatever keeps JetStream from removing: only the words tell.
  return isAnswer(error, [removeFailed]) && (error as Error).message.includes("no message found");
}

/** Translates what a call to `address` met. A `GatewayError` is returned as it is. */
export function translateError(error: unknown, address: string): GatewayError {
  if (error instanceof GatewayError) return error;
  const { reason, advice } = translationOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const retry = reason === "BACKEND_UNAVAILABLE" ? { retryAfterMs: reconnectRetryAfterMs } : {};
  const cause = error instanceof JetStreamError ? error : new Error(message);
  return new GatewayError(reason, `NATS at ${address}: ${message}. ${advice}`, { ...retry, cause });
}

function translationOf(error: unknown): Translation {
  if (error instanceof NatsError) return translations[error.code] ?? failing;
  if (error instanceof JetStreamError) return jetStreamTranslations[error.errorCode] ?? failing;
  return failing;
}

/** There is no connection now. */
export function notConnected(address: string): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `There is no connection to NATS at ${address}; nothing was sent. The plugin reconnects by itself. Check that NATS runs and that url names it.`,
    { retryAfterMs: reconnectRetryAfterMs },
  );
}

/** The connection was lost before the answer came. */
export function answerLost(address: string): GatewayError {
  return new GatewayError("BACKEND_UNAVAILABLE", `NATS at ${address} went away. ${lost.advice}`, {
    retryAfterMs: reconnectRetryAfterMs,
  });
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

/** The server cannot do what the patterns on JetStream need. */
export function oldServer(address: string, version: string, versionMin: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `NATS at ${address} is version ${version}; this pattern needs ${versionMin} or newer. Update the server.`,
  );
}

/** A stream is not there that the plugin had made. */
export function streamVanished(address: string, name: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `NATS at ${address} has no stream ${name} any more. Somebody has removed it: restart the backend (prism plugin restart), which makes it anew.`,
  );
}

/** A consumer is not there that the plugin had made. */
export function groupVanished(address: string, name: string, stream: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `NATS at ${address} has no consumer ${name} of the stream ${stream} any more. Somebody has removed it: subscribe again, which makes it anew.`,
  );
}

/** A namespace may use what only JetStream can promise, and the server is without. */
export function keepsNothing(address: string): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    `NATS at ${address} has no JetStream. Switch it on in the server's configuration, or write needs: [wildcards, groups] for a namespace that does with core NATS.`,
  );
}

/** Somebody has made a stream of this name in another way, and JetStream does not change that. */
export function unlikeStream(address: string, name: string, settings: readonly string[]): GatewayError {
  return new GatewayError(
    "BACKEND_FAILED",
    `NATS at ${address} has another stream ${name} than Prism makes, and JetStream cannot change it: ${settings.join(", ")}. Remove the stream, with all that it holds, or choose another subject_prefix.`,
  );
}
