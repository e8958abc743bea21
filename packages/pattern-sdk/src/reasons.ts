import type { GrpcCode } from "@prism-data/transport";

/** The name of a gRPC status code, such as `"NOT_FOUND"`. */
export type GrpcCodeName = keyof typeof GrpcCode;

/** Where a failure comes from: who has to act on it. */
export type ErrorSource = "client" | "proxy" | "plugin" | "backend";

/** What holds for every error of one reason. */
export interface ReasonDescription {
  /** The gRPC status code that the error travels with. */
  readonly code: GrpcCodeName;
  /** Where the failure comes from: the calling app, the proxy, the plugin process, or the data system behind it. */
  readonly source: ErrorSource;
  /**
   * Whether the same call, sent again unchanged, may succeed. A write that may have been applied (`DEADLINE_EXCEEDED`,
   * `PLUGIN_CRASHED`) is safe to repeat only with an idempotency token.
   */
  readonly retryable: boolean;
  /** One sentence for people. */
  readonly description: string;
}

type DescribeReason = (code: GrpcCodeName, source: ErrorSource, description: string) => ReasonDescription;

const permanent: DescribeReason = (code, source, description) => ({ code, source, retryable: false, description });
const retryLater: DescribeReason = (code, source, description) => ({ code, source, retryable: true, description });

/**
 * The closed list of reasons that a failed call carries in `google.rpc.ErrorInfo.reason`, domain `prism.dev`.
 *
 * Source: `prism.errors.v1.ErrorReason`, whose names these are without their prefix; a test keeps both lists equal.
 */
export const reasons = {
  INVALID_FIELD: permanent(
    "INVALID_ARGUMENT",
    "client",
    "A field of the request is missing, out of range or malformed; BadRequest names it.",
  ),
  MALFORMED_MESSAGE: permanent(
    "INVALID_ARGUMENT",
    "client",
    "The request's bytes are not the message that the method takes.",
  ),
  UNKNOWN_FIELD: permanent(
    "INVALID_ARGUMENT",
    "client",
    "The request carries fields that the method's message does not have (HTTP/JSON only; gRPC ignores unknown fields).",
  ),
  VALUE_TOO_LARGE: permanent("INVALID_ARGUMENT", "client", "The value is larger than the namespace allows."),
  MESSAGE_TOO_LARGE: permanent(
    "RESOURCE_EXHAUSTED",
    "client",
    "The message is larger than the proxy or plugin accepts, or the answer larger than may be sent.",
  ),
  INVALID_PAGE_TOKEN: permanent(
    "INVALID_ARGUMENT",
    "client",
    "The page token was not given out for this request, or is damaged.",
  ),
  COMPRESSION_UNSUPPORTED: permanent(
    "UNIMPLEMENTED",
    "client",
    "The message is compressed with an algorithm that is not accepted here.",
  ),

  NAMESPACE_NOT_FOUND: permanent("NOT_FOUND", "client", "No namespace of this name is configured."),
  PATTERN_MISMATCH: permanent(
    "UNIMPLEMENTED",
    "client",
    "The namespace is configured, but its pattern is not the one that was called.",
  ),
  CAPABILITY_MISSING: permanent(
    "UNIMPLEMENTED",
    "client",
    "The namespace's backend does not offer what was asked for, or the namespace does not list it under needs.",
  ),
  METHOD_NOT_FOUND: permanent("UNIMPLEMENTED", "client", "No service or method of this name is offered."),
  NAMESPACE_UNAVAILABLE: retryLater(
    "UNAVAILABLE",
    "proxy",
    "The namespace could not be made real on its backend; the message says why.",
  ),

  KEY_EXISTS: permanent("ALREADY_EXISTS", "client", "if_absent was given and the key exists."),
  ETAG_MISMATCH: permanent(
    "ABORTED",
    "client",
    "An etag was given, and the key or namespace has another one, or does not exist.",
  ),
  CONDITION_FAILED: permanent("ABORTED", "client", "A condition of a transaction does not hold; nothing was changed."),
  IDEMPOTENCY_TOKEN_STALE: permanent(
    "ABORTED",
    "client",
    "A newer write of the same key was already applied; this one changed nothing.",
  ),
  NOT_A_COUNTER: permanent(
    "FAILED_PRECONDITION",
    "client",
    "The value is not a decimal 64-bit integer, so it cannot be incremented.",
  ),
  COUNTER_OVERFLOW: permanent(
    "OUT_OF_RANGE",
    "client",
    "The increment would leave the range of a signed 64-bit integer; nothing was changed.",
  ),
  WATCH_OVERFLOW: retryLater(
    "RESOURCE_EXHAUSTED",
    "client",
    "The watcher fell too far behind and was ended; read the current state and watch again.",
  ),

  LEASE_LOST: permanent(
    "FAILED_PRECONDITION",
    "client",
    "The delivery's lease has ended, or it was acknowledged or rejected before; the message was or will be delivered again.",
  ),
  SQL_FAILED: permanent(
    "INVALID_ARGUMENT",
    "client",
    'The data system refused the SQL statement; the metadata "sql_code" has its own code.',
  ),
  TRANSACTION_CONFLICT: retryLater(
    "ABORTED",
    "client",
    "The transaction lost against others and was rolled back; run it again from its beginning.",
  ),
  TRANSACTION_IDLE: permanent(
    "FAILED_PRECONDITION",
    "client",
    "Nothing was asked of the transaction for its idle_timeout; it was rolled back.",
  ),
  OFFSET_OUT_OF_RANGE: permanent(
    "OUT_OF_RANGE",
    "client",
    "What was asked for is not there any more, such as an offset that retention has removed; the message says what is.",
  ),
  DURABILITY_MISSING: permanent(
    "FAILED_PRECONDITION",
    "backend",
    "The namespace asks for more durability than its backend is set to give; the message names the setting.",
  ),

  NAMESPACE_IN_FILE: permanent(
    "FAILED_PRECONDITION",
    "client",
    "The namespace is declared in prism.yaml, so only a change of the file changes it; the message says where.",
  ),
  NAMESPACE_DELETED: permanent(
    "FAILED_PRECONDITION",
    "client",
    "The namespace is deleted and can still be restored; the message says until when.",
  ),
  CONTROL_STATE_UNAVAILABLE: retryLater(
    "UNAVAILABLE",
    "proxy",
    "Where declared namespaces are kept cannot be reached; what is declared is served on.",
  ),
  DATA_LOSS_NOT_ALLOWED: permanent(
    "FAILED_PRECONDITION",
    "client",
    "The change would leave or delete data, and was not allowed to.",
  ),
  SIZE_LIMIT_EXCEEDED: permanent(
    "RESOURCE_EXHAUSTED",
    "client",
    "A value, or the entries of one request, are more than the namespace's limits allow; QuotaFailure says which limit.",
  ),
  PLAN_REFUSED: permanent(
    "FAILED_PRECONDITION",
    "client",
    "What an app needs cannot be made as it is, or not without consent; the message says why for each namespace.",
  ),
  BACKEND_DISABLED: retryLater(
    "UNAVAILABLE",
    "proxy",
    "An operator has taken the namespace's backend out of service; the message says why, and how it comes back.",
  ),

  DEADLINE_EXCEEDED: retryLater(
    "DEADLINE_EXCEEDED",
    "proxy",
    "The deadline passed before the call was answered; a write may or may not have been applied.",
  ),
  CANCELLED: permanent("CANCELLED", "client", "The caller cancelled the call."),
  PLUGIN_CRASHED: retryLater(
    "UNAVAILABLE",
    "plugin",
    "The plugin process ended while it held the call; a write may or may not have been applied.",
  ),
  PLUGIN_UNAVAILABLE: retryLater(
    "UNAVAILABLE",
    "plugin",
    "The plugin is not ready: starting, restarting or in a crash loop.",
  ),
  DRAINING: retryLater("UNAVAILABLE", "proxy", "The proxy or the plugin is draining and takes no new calls."),
  OVERLOADED: retryLater("RESOURCE_EXHAUSTED", "proxy", "Too many calls are in flight."),
  QUOTA_EXCEEDED: retryLater(
    "RESOURCE_EXHAUSTED",
    "client",
    "The namespace takes no more calls for now: its limit is reached; QuotaFailure says which.",
  ),

  BACKEND_UNAVAILABLE: retryLater("UNAVAILABLE", "backend", "The data system behind the plugin cannot be reached."),
  BACKEND_FAILED: permanent(
    "INTERNAL",
    "backend",
    "The data system failed in a way that is not known here; the plugin's log has the cause.",
  ),
  CAPACITY_EXHAUSTED: retryLater(
    "RESOURCE_EXHAUSTED",
    "backend",
    "The data system has no room for the write; nothing was changed.",
  ),
  BACKEND_DENIED: permanent(
    "FAILED_PRECONDITION",
    "backend",
    "The data system refused the plugin's credentials or permissions.",
  ),
  INVALID_SETTINGS: permanent(
    "FAILED_PRECONDITION",
    "plugin",
    "The settings of the backend, or the options of a namespace, are wrong; BadRequest names each.",
  ),

  INTERNAL: permanent("INTERNAL", "plugin", "A defect in Prism or in a plugin."),
  UNAUTHENTICATED: permanent("UNAUTHENTICATED", "client", "The call did not carry the token that the plugin expects."),
} as const satisfies Record<string, ReasonDescription>;

/** Why a call failed: one of the closed list `reasons`. */
export type Reason = keyof typeof reasons;

/** Whether a text, such as one from the wire, is a reason of the list. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(reasons, text);
}
